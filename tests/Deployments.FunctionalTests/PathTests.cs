using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>What is found where, and by whom.</summary>
public sealed class PathTests
{
    private static IEnumerable<TestCaseData> MalformedIds =>
    [
        Id("no UUID", _ => "banana"),
        Id("number", _ => "1"),
        Id("braces", id => $"{{{id}}}"),
        Id("parentheses", id => $"({id})"),
        Id("no dashes", id => id.Replace("-", string.Empty, StringComparison.Ordinal)),
        Id("a character more", id => id + "0"),
        Id("a space before", id => $"%20{id}"),
        Id("a sign in place of the leading zero", id => $"+{id[1..]}"),
        Id("a control character", id => $"{id[..^1]}%01"),
        Id("path below", id => $"{id}/below"),
    ];

    [Test]
    public async Task Another_projects_deployment_is_not_found()
    {
        var id = (await new Project().CreateAsync(Project.Minimal)).Id;

        var answer = await new Project().GetAsync(id);

        answer.ShouldBeError(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task An_unknown_deployment_is_not_found_in_the_same_words_as_anothers()
    {
        var anothers = (await new Project().CreateAsync(Project.Minimal)).Id;
        var unknown = Guid.CreateVersion7().ToString();
        var project = new Project();

        var ofAnother = await project.GetAsync(anothers);
        var ofNobody = await project.GetAsync(unknown);

        ofNobody.ShouldBeError(HttpStatusCode.NotFound);
        Generalised(ofAnother, anothers).ShouldBe(Generalised(ofNobody, unknown));
    }

    [Test]
    public async Task The_second_project_sees_the_deployment_through_its_own_path_and_a_third_does_not()
    {
        var owner = new Project();
        var second = new Project();
        var created = await owner.CreateAsync($$"""{"config_id": "c", "server_id": "s", "stack_user_project_id": "{{second.Id}}"}""");

        var seen = await second.GetAsync(created.Id);

        seen.ShouldBeOk().Text.ShouldBe(created.Text);
        (await owner.GetAsync(created.Id)).ShouldBeOk();
        (await new Project().GetAsync(created.Id)).ShouldBeError(HttpStatusCode.NotFound);
        (await owner.GetAsync(created.Id, second.Token)).ShouldBeError(HttpStatusCode.Forbidden);
    }

    [TestCaseSource(nameof(MalformedIds))]
    public async Task A_malformed_id_is_not_found(Func<string, string> spoil)
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        var answer = await project.GetAsync(spoil(id));

        answer.ShouldBeError(HttpStatusCode.NotFound);
    }

    [TestCase("%ff")]
    [TestCase("a%C3")]
    public async Task An_id_that_is_no_text_is_not_found(string id)
    {
        var project = new Project();

        foreach (var path in new[] { project.Path, project.ConfigsPath })
        {
            (await project.SendAsync(HttpMethod.Get, $"{path}/{id}")).ShouldBeError(HttpStatusCode.NotFound);
            (await project.SendAsync(HttpMethod.Delete, $"{path}/{id}")).ShouldBeError(HttpStatusCode.NotFound);
        }
    }

    [Test]
    public async Task A_project_id_that_is_no_text_is_refused_even_to_those_who_may_go_anywhere()
    {
        var admin = new Token("another") { Roles = ["admin"] }.ToString();

        foreach (var path in new[] { "/v1/%ff/software_deployments", "/v1/a%C3/software_configs" })
        {
            var answer = await TestRun.Service.SendAsync(
                Requests.Make(HttpMethod.Get, TestRun.Service.Absolute(path), ("X-Auth-Token", admin)));

            answer.ShouldBeError(HttpStatusCode.BadRequest, "path");
        }
    }

    [TestCase("/v1/PROJECT/nowhere")]
    [TestCase("/v1/PROJECT")]
    [TestCase("/v2/PROJECT/software_deployments")]
    [TestCase("/nowhere")]
    public async Task An_unknown_path_is_not_found_with_a_token_and_unauthorized_without(string path)
    {
        var project = new Project();
        path = path.Replace("PROJECT", project.Id, StringComparison.Ordinal);

        (await TestRun.Service.GetAsync(path, ("X-Auth-Token", project.Token.ToString()))).ShouldBeError(HttpStatusCode.NotFound);
        (await TestRun.Service.GetAsync(path)).ShouldBeUnauthorized();
    }

    [Test]
    public async Task The_version_can_be_asked_for_where_its_link_leads_with_a_token()
    {
        var project = new Project();

        var answer = await TestRun.Service.GetAsync("/v1", ("X-Auth-Token", project.Token.ToString()));

        answer.ShouldBeOk();
        answer.Json.GetProperty("version").GetProperty("id").GetString().ShouldBe("v1.0");
        answer.Json.GetProperty("version").GetProperty("links")[0].GetProperty("href").GetString()
            .ShouldBe(new Uri(TestRun.Service.Address, "/v1/").ToString());
        (await TestRun.Service.GetAsync("/v1")).ShouldBeUnauthorized();
    }

    [Test]
    public async Task A_project_id_has_at_most_64_characters()
    {
        var longest = new Project(id: new string('p', 32) + Guid.NewGuid().ToString("N"));
        var tooLong = new Project(id: longest.Id + "p");

        (await longest.CreateAsync(Project.Minimal)).ShouldBeOk();
        (await tooLong.CreateAsync(Project.Minimal)).ShouldBeError(HttpStatusCode.NotFound);
        (await tooLong.GetAsync(Guid.NewGuid().ToString())).ShouldBeError(HttpStatusCode.NotFound);
    }

    [TestCase("%20")]
    [TestCase("%E3%80%80%09")]
    public async Task A_blank_project_id_is_not_found_by_an_admin_either(string blank)
    {
        var admin = new Token("another") { Roles = ["admin"] };
        var request = Requests.Make(
            HttpMethod.Post, TestRun.Service.Absolute($"/v1/{blank}/software_deployments"), ("X-Auth-Token", admin.ToString()));
        request.Content = Requests.Body(Project.Minimal);

        (await TestRun.Service.SendAsync(request)).ShouldBeError(HttpStatusCode.NotFound);
    }

    [TestCase("/healthz/live")]
    [TestCase("/healthz/ready")]
    [TestCase("/openapi/v1.json")]
    [TestCase("/swagger/index.html")]
    public async Task These_need_no_token(string path)
    {
        var answer = await TestRun.Service.GetAsync(path);

        answer.ShouldBeOk().RequestId.ShouldMatch(ApiResponse.RequestIdForm().ToString());
    }

    [Test]
    public async Task The_Swagger_page_is_found_at_its_short_address()
    {
        var answer = await TestRun.Service.GetAsync("/swagger");

        answer.Status.ShouldBeOneOf(HttpStatusCode.OK, HttpStatusCode.Redirect, HttpStatusCode.MovedPermanently);
    }

    private static TestCaseData Id(string name, Func<string, string> spoil) => new TestCaseData(spoil).SetArgDisplayNames(name);

    private static string Generalised(ApiResponse answer, string id) =>
        answer.Text.Replace(id, "ID", StringComparison.Ordinal).Replace(answer.RequestId, "REQUEST", StringComparison.Ordinal);
}
