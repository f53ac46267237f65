using System.Globalization;
using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>One line a request, with what an operator asks for and nothing that a caller entrusts to the service.</summary>
public sealed class LogTests
{
    private const string Category = "Deployments.Api.Requests";
    private const string Collection = "v1/{project_id:project}/software_deployments";

    private static Log Log => TestRun.Service.Log;

    [Test]
    public async Task A_request_leaves_one_line_with_method_route_status_time_request_id_and_project()
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
    public async Task Neither_token_nor_body_nor_path_is_logged()
    {
        var project = new Project();
        var marker = $"marker-{Guid.NewGuid():N}";
        var token = project.Token.ToString();
        var spoilt = token[..^4] + "AAAA";

        var answers = new[]
        {
            await project.CreateAsync($$"""{"config_id": "{{marker}}", "server_id": "s", "input_values": {"{{marker}}": "{{marker}}"} }"""),
            await project.CreateAsync($$"""{"config_id": "{{marker}}", "{{marker}}": "\u0000", "status": "{{marker}}"}"""),
            await project.CreateAsync(marker),
            await project.CreateAsAsync(token),
            await project.CreateAsAsync(spoilt),
            await project.PostAsync(null, ("Authorization", $"Bearer {marker}")),
            await TestRun.Service.GetAsync($"/v1/{project.Id}/{marker}?{marker}={marker}", ("X-Auth-Token", token)),
        };

        foreach (var answer in answers)
        {
            await LineOfAsync(answer);
        }

        Log.Lines.ShouldNotContain(line => line.Text.Contains(marker));
        Log.Lines.ShouldNotContain(line => line.Text.Contains(token) || line.Text.Contains(spoilt));
        Log.Lines.ShouldNotContain(line => line.Text.Contains(token.Split('.')[1]) || line.Text.Contains(token.Split('.')[2]));
    }

    private static async Task ShouldBeLoggedAsync(ApiResponse answer, string method, string route, HttpStatusCode status, string project)
    {
        var line = await LineOfAsync(answer);

        answer.Status.ShouldBe(status);
        line.Values["Method"].ShouldBe(method);
        line.Values["Route"].ShouldBe(route);
        line.Values["Status"].ShouldBe((int)status);
        Convert.ToDouble(line.Values["Milliseconds"], CultureInfo.InvariantCulture).ShouldBePositive();
        line.Values["Project"].ShouldBe(project);
        line.Message.ShouldContain(answer.RequestId);
        Log.Lines.Count(each => each.Category == Category && answer.RequestId.Equals(each.Values["RequestId"])).ShouldBe(1);
    }

    private static Task<LogLine> LineOfAsync(ApiResponse answer) =>
        Log.WaitForAsync(line => line.Category == Category && answer.RequestId.Equals(line.Values["RequestId"]));
}
