using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Paths, ids, and who may read what.</summary>
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
    public async Task Get_deployment_of_another_project_returns_404()
    {
        var id = (await new Project().CreateAsync(Project.Minimal)).Id;

        var response = await new Project().GetAsync(id);

        response.ShouldBeError(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task Get_deployment_of_another_project_returns_the_same_404_as_one_that_does_not_exist()
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
    public async Task Get_shared_deployment_returns_200_to_the_second_project_and_404_to_a_third()
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
    public async Task Get_deployment_with_a_malformed_id_returns_404(Func<string, string> change)
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        var response = await project.GetAsync(change(id));

        response.ShouldBeError(HttpStatusCode.NotFound);
    }

    [TestCase("%ff")]
    [TestCase("a%C3")]
    public async Task Id_that_is_not_UTF_8_returns_404(string id)
    {
        var project = new Project();

        foreach (var path in new[] { project.Path, project.ConfigsPath })
        {
            (await project.SendAsync(HttpMethod.Get, $"{path}/{id}")).ShouldBeError(HttpStatusCode.NotFound);
            (await project.SendAsync(HttpMethod.Delete, $"{path}/{id}")).ShouldBeError(HttpStatusCode.NotFound);
        }
    }

    [Test]
    public async Task Project_id_that_is_not_UTF_8_returns_400_to_an_admin()
    {
        var admin = new Token("another") { Roles = ["admin"] }.ToString();

        foreach (var path in new[] { "/v1/%ff/software_deployments", "/v1/a%C3/software_configs" })
        {
            var response = await TestRun.Service.SendAsync(
                Requests.Make(HttpMethod.Get, TestRun.Service.Absolute(path), ("X-Auth-Token", admin)));

            response.ShouldBeError(HttpStatusCode.BadRequest, "path");
        }
    }

    [TestCase("/v1/PROJECT/nowhere")]
    [TestCase("/v1/PROJECT")]
    [TestCase("/v2/PROJECT/software_deployments")]
    [TestCase("/nowhere")]
    public async Task Unknown_path_returns_404_with_a_token_and_401_without(string path)
    {
        var project = new Project();
        path = path.Replace("PROJECT", project.Id, StringComparison.Ordinal);

        (await TestRun.Service.GetAsync(path, ("X-Auth-Token", project.Token.ToString()))).ShouldBeError(HttpStatusCode.NotFound);
        (await TestRun.Service.GetAsync(path)).ShouldBeUnauthorized();
    }

    [Test]
    public async Task Get_version_returns_200_with_a_token_and_401_without()
    {
        var project = new Project();

        var response = await TestRun.Service.GetAsync("/v1", ("X-Auth-Token", project.Token.ToString()));

        response.ShouldBeOk();
        response.Json.GetProperty("version").GetProperty("id").GetString().ShouldBe("v1.0");
        response.Json.GetProperty("version").GetProperty("links")[0].GetProperty("href").GetString()
            .ShouldBe(new Uri(TestRun.Service.Address, "/v1/").ToString());
        (await TestRun.Service.GetAsync("/v1")).ShouldBeUnauthorized();
    }

    [Test]
    public async Task Project_id_of_more_than_64_characters_returns_404()
    {
        var longest = new Project(id: new string('p', 32) + Guid.NewGuid().ToString("N"));
        var tooLong = new Project(id: longest.Id + "p");

        (await longest.CreateAsync(Project.Minimal)).ShouldBeOk();
        (await tooLong.CreateAsync(Project.Minimal)).ShouldBeError(HttpStatusCode.NotFound);
        (await tooLong.GetAsync(Guid.NewGuid().ToString())).ShouldBeError(HttpStatusCode.NotFound);
    }

    [TestCase("%20")]
    [TestCase("%E3%80%80%09")]
    public async Task Blank_project_id_returns_404_to_an_admin(string blank)
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
    public async Task Path_without_authentication_returns_200_without_a_token(string path)
    {
        var response = await TestRun.Service.GetAsync(path);

        response.ShouldBeOk().RequestId.ShouldMatch(ApiResponse.RequestIdForm().ToString());
    }

    [Test]
    public async Task Swagger_page_is_served_at_its_short_path()
    {
        var response = await TestRun.Service.GetAsync("/swagger");

        response.Status.ShouldBeOneOf(HttpStatusCode.OK, HttpStatusCode.Redirect, HttpStatusCode.MovedPermanently);
    }

    private static TestCaseData Id(string name, Func<string, string> change) => new TestCaseData(change).SetArgDisplayNames(name);

    private static string Generalised(ApiResponse response, string id) =>
        response.Text.Replace(id, "ID", StringComparison.Ordinal).Replace(response.RequestId, "REQUEST", StringComparison.Ordinal);
}
