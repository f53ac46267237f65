using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>How a token names its project and its roles, beside what <see cref="TokenMatrixTests"/> tries on every operation.</summary>
public sealed class AccessTests
{
    private static IEnumerable<TestCaseData> TokensThatMayNotCreate =>
    [
        Case("the project's with a space", token => token with { Project = token.Project + " " }),
        Case("a project in Keystone's claim", token => token with { ProjectClaim = "openstack_project_id" }),
        Case("roles in one string", token => token with { Roles = ["member admin"] }),
    ];

    [TestCaseSource(nameof(TokensThatMayNotCreate))]
    public async Task A_token_may_not_create(Func<string, string> makeToken)
    {
        var project = new Project();

        var answer = await project.CreateAsAsync(makeToken(project.Id));

        answer.ShouldBeError(HttpStatusCode.Forbidden);
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [Test]
    public async Task A_member_in_other_roles_besides_may_create()
    {
        var project = new Project();

        (await project.CreateAsAsync(project.Token with { Roles = ["reader", "heat_stack_user", "member"] })).ShouldBeOk();
    }

    [Test]
    public async Task Without_a_default_role_a_token_without_roles_may_do_nothing()
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys) { ["Authentication:DefaultRole"] = string.Empty });
        var project = new Project(service);

        (await project.CreateAsAsync(project.Token with { Roles = null })).ShouldBeError(HttpStatusCode.Forbidden);
        (await project.CreateAsAsync(project.Token)).ShouldBeOk();
    }

    [Test]
    public async Task The_default_role_is_a_setting()
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys) { ["Authentication:DefaultRole"] = "reader" });
        var project = new Project(service);
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        (await project.CreateAsAsync(project.Token with { Roles = null })).ShouldBeError(HttpStatusCode.Forbidden);
        (await project.GetAsync(id, project.Token with { Roles = null })).ShouldBeOk();
    }

    [Test]
    public async Task The_claim_that_names_the_project_is_a_setting()
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
