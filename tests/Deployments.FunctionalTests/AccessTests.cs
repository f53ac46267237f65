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

    private static IEnumerable<TestCaseData> Reasons =>
    [
        Case("another project's", "The token is for project \"another\", not for \"PROJECT\".", token => token with { Project = "another" }),
        Case("another project's reader", "The token is for project \"another\", not for \"PROJECT\".", token => token with { Project = "another", Roles = ["reader"] }),
        Case("a long project's", $"The token is for project \"{new string('p', 100)}\", not for \"PROJECT\".", token => token with { Project = new string('p', 5_000) }),
        Case("no project's", "The token names no project.", token => token with { Project = null }),
        Case("a reader's", "The token's role reader does not allow this: member is required.", token => token with { Roles = ["reader"] }),
        Case("two roles'", "The token's roles reader, owner do not allow this: member is required.", token => token with { Roles = ["reader", "owner"] }),
        Case("a long role's", $"The token's role {new string('r', 100)} does not allow this: member is required.", token => token with { Roles = [new string('r', 5_000)] }),
        Case("no role's", "The token has no role: member is required.", token => token with { Roles = [] }),
    ];

    [TestCaseSource(nameof(Reasons))]
    public async Task Create_deployment_returns_403_with_the_project_or_role_as_its_reason(Func<string, string> makeToken, string reason)
    {
        var project = new Project();

        var response = await project.CreateAsAsync(makeToken(project.Id));

        response.ShouldBeError(HttpStatusCode.Forbidden);
        response.Json.GetProperty("detail").GetString().ShouldBe(reason.Replace("PROJECT", project.Id, StringComparison.Ordinal));
    }

    [Test]
    public async Task List_deployments_returns_403_with_every_role_that_may()
    {
        var project = new Project();

        var response = await TestRun.Service.GetAsync(project.Path, ("X-Auth-Token", (project.Token with { Roles = ["heat_stack_user"] }).ToString()));

        response.ShouldBeError(HttpStatusCode.Forbidden);
        response.Json.GetProperty("detail").GetString().ShouldBe("The token's role heat_stack_user does not allow this: reader or member is required.");
    }

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

    private static TestCaseData Case(string name, string reason, Func<Token, Token> change) =>
        new TestCaseData((Func<string, string>)(project => change(new Token(project)).ToString()), reason).SetArgDisplayNames(name);

    private static TestCaseData Case(string name, Func<Token, Token> change) =>
        new TestCaseData((Func<string, string>)(project => change(new Token(project)).ToString())).SetArgDisplayNames(name);
}
