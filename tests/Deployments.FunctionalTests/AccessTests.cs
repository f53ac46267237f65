using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The claims for project and roles, in addition to <see cref="TokenMatrixTests"/>.</summary>
public sealed class AccessTests
{
    private static IEnumerable<TestCaseData> TokensThatMayNotCreate =>
    [
        Case("the project's with a space", token => token with { Project = token.Project + " " }),
        Case("a project in Keystone's claim", token => token with { ProjectClaim = "openstack_project_id" }),
        Case("roles in one string", token => token with { Roles = ["member admin"] }),
    ];

    [TestCaseSource(nameof(TokensThatMayNotCreate))]
    public async Task Create_deployment_with_an_unsupported_project_or_role_claim_returns_403(Func<string, string> makeToken)
    {
        var project = new Project();

        var response = await project.CreateAsAsync(makeToken(project.Id));

        response.ShouldBeError(HttpStatusCode.Forbidden);
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [Test]
    public async Task Create_deployment_with_member_among_other_roles_returns_200()
    {
        var project = new Project();

        (await project.CreateAsAsync(project.Token with { Roles = ["reader", "heat_stack_user", "member"] })).ShouldBeOk();
    }

    [Test]
    public async Task Create_deployment_without_roles_returns_403_when_no_default_role_is_configured()
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys) { ["Authentication:DefaultRole"] = string.Empty });
        var project = new Project(service);

        (await project.CreateAsAsync(project.Token with { Roles = null })).ShouldBeError(HttpStatusCode.Forbidden);
        (await project.CreateAsAsync(project.Token)).ShouldBeOk();
    }

    [Test]
    public async Task Requests_without_roles_have_the_permissions_of_the_configured_default_role()
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys) { ["Authentication:DefaultRole"] = "reader" });
        var project = new Project(service);
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        (await project.CreateAsAsync(project.Token with { Roles = null })).ShouldBeError(HttpStatusCode.Forbidden);
        (await project.GetAsync(id, project.Token with { Roles = null })).ShouldBeOk();
    }

    [Test]
    public async Task Create_deployment_returns_403_unless_the_token_has_the_configured_project_claim()
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys) { ["Authentication:ProjectClaim"] = "tenant" });
        var project = new Project(service);

        (await project.CreateAsAsync(project.Token with { ProjectClaim = "tenant" })).ShouldBeOk();
        (await project.CreateAsAsync(project.Token)).ShouldBeError(HttpStatusCode.Forbidden);
    }

    private static TestCaseData Case(string name, Func<Token, Token> change) =>
        new TestCaseData((Func<string, string>)(project => change(new Token(project)).ToString())).SetArgDisplayNames(name);
}
