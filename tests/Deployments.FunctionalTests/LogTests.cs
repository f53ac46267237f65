using System.Globalization;
using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>One log line per request, with what an operator needs and nothing confidential.</summary>
public sealed class LogTests
{
    private const string Category = "Deployments.Api.Requests";
    private const string Collection = "v1/{project_id:project}/software_deployments";

    private static Log Log => TestRun.Service.Log;

    [Test]
    public async Task Request_is_logged_as_one_line_with_method_route_status_time_request_id_and_project()
    {
        var project = new Project();

        var created = await project.CreateAsync(Project.Minimal);
        var read = await project.GetAsync(created.Id);
        var refused = await project.CreateAsync("{}");
        var forbidden = await project.CreateAsAsync(new Token("another"));
        var unauthorized = await project.CreateAsAsync("garbage");

        await ShouldBeLoggedAsync(created, "POST", Collection, HttpStatusCode.OK, project.Id);
        await ShouldBeLoggedAsync(read, "GET", Collection + "/{id:uuid}", HttpStatusCode.OK, project.Id);
        await ShouldBeLoggedAsync(refused, "POST", Collection, HttpStatusCode.BadRequest, project.Id);
        await ShouldBeLoggedAsync(forbidden, "POST", Collection, HttpStatusCode.Forbidden, project.Id);
        await ShouldBeLoggedAsync(unauthorized, "POST", Collection, HttpStatusCode.Unauthorized, project.Id);
    }

    [Test]
    public async Task Tokens_bodies_and_paths_are_not_logged()
    {
        var project = new Project();
        var marker = $"marker-{Guid.NewGuid():N}";
        var token = project.Token.ToString();
        var invalid = token[..^4] + "AAAA";

        var responses = new[]
        {
            await project.CreateAsync($$"""{"config_id": "{{marker}}", "server_id": "s", "input_values": {"{{marker}}": "{{marker}}"} }"""),
            await project.CreateAsync($$"""{"config_id": "{{marker}}", "{{marker}}": "\u0000", "status": "{{marker}}"}"""),
            await project.CreateAsync(marker),
            await project.CreateAsAsync(token),
            await project.CreateAsAsync(invalid),
            await project.PostAsync(null, ("Authorization", $"Bearer {marker}")),
            await TestRun.Service.GetAsync($"/v1/{project.Id}/{marker}?{marker}={marker}", ("X-Auth-Token", token)),
        };

        foreach (var response in responses)
        {
            await LineOfAsync(response);
        }

        Log.Lines.ShouldNotContain(line => line.Text.Contains(marker));
        Log.Lines.ShouldNotContain(line => line.Text.Contains(token) || line.Text.Contains(invalid));
        Log.Lines.ShouldNotContain(line => line.Text.Contains(token.Split('.')[1]) || line.Text.Contains(token.Split('.')[2]));
    }

    private static async Task ShouldBeLoggedAsync(ApiResponse response, string method, string route, HttpStatusCode status, string project)
    {
        var line = await LineOfAsync(response);

        response.Status.ShouldBe(status);
        line.Values["Method"].ShouldBe(method);
        line.Values["Route"].ShouldBe(route);
        line.Values["Status"].ShouldBe((int)status);
        Convert.ToDouble(line.Values["Milliseconds"], CultureInfo.InvariantCulture).ShouldBePositive();
        line.Values["Project"].ShouldBe(project);
        line.Message.ShouldContain(response.RequestId);
        Log.Lines.Count(each => each.Category == Category && response.RequestId.Equals(each.Values["RequestId"])).ShouldBe(1);
    }

    private static Task<LogLine> LineOfAsync(ApiResponse response) =>
        Log.WaitForAsync(line => line.Category == Category && response.RequestId.Equals(line.Values["RequestId"]));
}
