using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Who may do what, once the token has verified.</summary>
public sealed class AccessTests
{
    private static IEnumerable<TestCaseData> TokensThatMayNotCreate =>
    [
        Case("another project's", token => token with { Project = "another" }),
        Case("the project's in upper case", token => token with { Project = token.Project!.ToUpperInvariant() }),
        Case("the project's with a space", token => token with { Project = token.Project + " " }),
        Case("no project's", token => token with { Project = null }),
        Case("two projects'", token => token with { ProjectValue = new[] { token.Project, "another" } }),
        Case("a project in Keystone's claim", token => token with { ProjectClaim = "openstack_project_id" }),
        Case("reader", token => token with { Roles = ["reader"] }),
        Case("heat_stack_user", token => token with { Roles = ["heat_stack_user"] }),
        Case("no role", token => token with { Roles = [] }),
        Case("unknown role", token => token with { Roles = ["owner"] }),
        Case("role in upper case", token => token with { Roles = ["MEMBER", "Admin"] }),
        Case("roles in one string", token => token with { Roles = ["member admin"] }),
    ];

    private static IEnumerable<TestCaseData> TokensThatMayCreate =>
    [
        Case("member", token => token with { Roles = ["member"] }),
        Case("member among others", token => token with { Roles = ["reader", "heat_stack_user", "member"] }),
        Case("admin", token => token with { Roles = ["admin"] }),
        Case("admin of another project", token => token with { Roles = ["admin"], Project = "another" }),
        Case("no roles claim", token => token with { Roles = null }),
    ];

    private static IEnumerable<TestCaseData> TokensThatMayNotRead =>
    [
        Case("another project's", token => token with { Project = "another" }),
        Case("heat_stack_user", token => token with { Roles = ["heat_stack_user"] }),
        Case("no role", token => token with { Roles = [] }),
    ];

    [TestCaseSource(nameof(TokensThatMayNotCreate))]
    public async Task A_token_may_not_create(Func<string, string> makeToken)
    {
        var project = new Project();

        var answer = await project.CreateAsAsync(makeToken(project.Id));

        answer.ShouldBeError(HttpStatusCode.Forbidden);
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [TestCaseSource(nameof(TokensThatMayCreate))]
    public async Task A_token_may_create(Func<string, string> makeToken)
    {
        var project = new Project();

        var answer = await project.CreateAsAsync(makeToken(project.Id));

        answer.ShouldBeOk();
        (await project.CountStoredAsync()).ShouldBe(1);
    }

    [TestCaseSource(nameof(TokensThatMayNotRead))]
    public async Task A_token_may_not_read(Func<string, string> makeToken)
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        var answer = await TestRun.Service.GetAsync($"{project.Path}/{id}", ("X-Auth-Token", makeToken(project.Id)));

        answer.ShouldBeError(HttpStatusCode.Forbidden);
    }

    [Test]
    public async Task A_reader_may_read()
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        (await project.GetAsync(id, project.Token with { Roles = ["reader"] })).ShouldBeOk();
    }

    [Test]
    public async Task An_admin_of_another_project_may_read()
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        (await project.GetAsync(id, new Token("another") { Roles = ["admin"] })).ShouldBeOk();
    }

    [Test]
    public async Task Without_a_default_role_a_token_without_roles_may_do_nothing()
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Service.SigningKeys) { ["Authentication:DefaultRole"] = string.Empty });
        var project = new Project(service);

        (await project.CreateAsAsync(project.Token with { Roles = null })).ShouldBeError(HttpStatusCode.Forbidden);
        (await project.CreateAsAsync(project.Token)).ShouldBeOk();
    }

    [Test]
    public async Task The_default_role_is_a_setting()
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Service.SigningKeys) { ["Authentication:DefaultRole"] = "reader" });
        var project = new Project(service);
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        (await project.CreateAsAsync(project.Token with { Roles = null })).ShouldBeError(HttpStatusCode.Forbidden);
        (await project.GetAsync(id, project.Token with { Roles = null })).ShouldBeOk();
    }

    [Test]
    public async Task The_claim_that_names_the_project_is_a_setting()
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Service.SigningKeys) { ["Authentication:ProjectClaim"] = "tenant" });
        var project = new Project(service);

        (await project.CreateAsAsync(project.Token with { ProjectClaim = "tenant" })).ShouldBeOk();
        (await project.CreateAsAsync(project.Token)).ShouldBeError(HttpStatusCode.Forbidden);
    }

    private static TestCaseData Case(string name, Func<Token, Token> change) =>
        new TestCaseData((Func<string, string>)(project => change(new Token(project)).ToString())).SetArgDisplayNames(name);
}
