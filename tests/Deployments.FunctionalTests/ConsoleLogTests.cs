using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Deployments.FunctionalTests.Support;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The log on the program's standard output.</summary>
public sealed class ConsoleLogTests
{
    private const string NoDatabase = "Host=127.0.0.1;Port=1";
    private const string Time = @"\d\d:\d\d:\d\d";

    private static readonly string[] Routine = ["/healthz/live", "/healthz/ready", "/swagger/index.html", "/openapi/v1.json"];
    private static readonly string[] Fields = ["Timestamp", "EventId", "LogLevel", "Category", "Message", "State"];

    [Test]
    public async Task Request_outside_Development_is_logged_as_JSON_with_the_fields_of_the_built_in_console()
    {
        await using var service = await ServeReadyAsync(Settings("Production", TestRun.ConnectionString));
        var project = new Project();

        var refused = await SendAsync(service, Create(project, "{}"));
        var line = LineOf(await service.StopAsync(), refused);

        line.EnumerateObject().Select(field => field.Name).ShouldBe(Fields);
        line.GetProperty("Timestamp").GetString().ShouldNotBeNull().ShouldMatch(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$");
        line.GetProperty("EventId").ValueKind.ShouldBe(JsonValueKind.Number);
        line.GetProperty("LogLevel").GetString().ShouldBe("Information");
        line.GetProperty("Category").GetString().ShouldBe("Deployments.Api.Requests");
        line.GetProperty("Message").GetString().ShouldNotBeNull()
            .ShouldMatch($@"^POST v1/\{{project_id:project}}/software_deployments 400 \d+\.\d ms {refused.RequestId} {project.Id}$");
        var state = line.GetProperty("State");
        state.EnumerateObject().Select(field => field.Name)
            .ShouldBe(["Method", "Route", "Status", "Milliseconds", "RequestId", "Project", "{OriginalFormat}"]);
        state.GetProperty("Method").GetString().ShouldBe("POST");
        state.GetProperty("Route").GetString().ShouldBe("v1/{project_id:project}/software_deployments");
        state.GetProperty("Status").GetInt32().ShouldBe(400);
        state.GetProperty("Milliseconds").GetDouble().ShouldBePositive();
        state.GetProperty("Project").GetString().ShouldBe(project.Id);
        state.GetProperty("{OriginalFormat}").GetString().ShouldBe("{Method} {Route} {Status} {Milliseconds:F1} ms {RequestId} {Project}");
    }

    [Test]
    public async Task Exception_outside_Development_is_logged_as_one_string_in_one_line()
    {
        await using var service = await ServeReadyAsync(Settings("Production", await Defect.CreateDatabaseAsync()));

        var failed = (await SendAsync(service, CreateConfig(new Project()))).ShouldBeError(HttpStatusCode.InternalServerError);
        var line = Lines(await service.StopAsync()).Single(line => line.TryGetProperty("Exception", out _));

        line.EnumerateObject().Select(field => field.Name).ShouldBe([.. Fields[..^1], "Exception", "State"]);
        line.GetProperty("Message").GetString().ShouldBe($"Request {failed.RequestId} failed: unhandled exception.");
        var exception = line.GetProperty("Exception").GetString().ShouldNotBeNull();
        exception.ShouldContain(Defect.Name);
        exception.ShouldContain("\n   at ");
    }

    [Test]
    public async Task Exception_in_Development_is_logged_as_lines_below_its_message()
    {
        await using var service = await ServeReadyAsync(Settings("Development", await Defect.CreateDatabaseAsync()));

        var failed = (await SendAsync(service, CreateConfig(new Project()))).ShouldBeError(HttpStatusCode.InternalServerError);
        var lines = (await service.StopAsync()).Output.Split('\n').SkipWhile(line => !line.Contains(" fail ", StringComparison.Ordinal)).ToList();

        lines[0].ShouldEndWith($" fail Request {failed.RequestId} failed: unhandled exception.");
        lines[1].ShouldMatch(@"^    [\w.]+Exception");
        lines.Skip(1).TakeWhile(line => line.StartsWith("    ", StringComparison.Ordinal)).ShouldContain(line => line.StartsWith("       at "));
    }

    [Test]
    public async Task Request_in_Development_is_logged_as_one_line_with_its_path_and_error()
    {
        await using var service = await ServeReadyAsync(Settings("Development", TestRun.ConnectionString));
        var project = new Project();

        (await SendAsync(service, Create(project, Project.Minimal))).ShouldBeOk();
        var refused = await SendAsync(service, Create(project, """{"server_id": "s"}"""));
        var output = (await service.StopAsync()).Output.Split('\n');

        refused.Status.ShouldBe(HttpStatusCode.BadRequest);
        output.ShouldContain(line => Regex.IsMatch(line, $@"^{Time} info POST {project.Path} 200 \d+\.\d ms$"));
        output.ShouldContain(line =>
            Regex.IsMatch(line, $@"^{Time} info POST {project.Path} 400 \d+\.\d ms: config_id is required\.$"));
    }

    [Test]
    public async Task Path_in_Development_is_logged_without_query_and_control_characters()
    {
        await using var service = await ServiceProcess.StartAsync(Settings("Development", NoDatabase));

        await SendAsync(service, Requests.Make(HttpMethod.Get, "/v1/%0A%1B%5B31m%E2%80%AE?secret=secret"));
        var output = (await service.StopAsync()).Output;

        output.ShouldContain(" info GET /v1/%0A%1B%5B31m%E2%80%AE 40");
        output.ShouldNotContain("secret");
        output.ShouldNotContain("\e");
    }

    [TestCase("Development")]
    [TestCase("Production")]
    public async Task Requests_for_probes_and_Swagger_files_are_not_logged(string environment)
    {
        await using var service = await ServiceProcess.StartAsync(Settings(environment, NoDatabase));

        foreach (var path in Routine)
        {
            await SendAsync(service, Requests.Make(HttpMethod.Get, path));
        }

        await SendAsync(service, Requests.Make(HttpMethod.Get, "/"));
        var output = (await service.StopAsync()).Output;

        output.ShouldContain("GET / ");
        Routine.ShouldAllBe(path => !output.Contains($"GET {path}"));
        output.ShouldNotContain("GET - "); // the page's files have no route
    }

    [Test]
    public async Task Requests_for_probes_and_Swagger_files_outside_Development_are_logged_at_level_Debug()
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys) { ["Logging:LogLevel:Deployments.Api.Requests"] = "Debug" };
        await using var service = await Service.StartAsync(NoDatabase, settings);

        foreach (var path in Routine)
        {
            var response = await service.GetAsync(path);
            var line = await service.Log.WaitForAsync(line => line.Values.GetValueOrDefault("RequestId")?.Equals(response.RequestId) ?? false);
            line.Level.ShouldBe(LogLevel.Debug, path);
        }
    }

    [Test]
    public async Task Unread_standard_output_blocks_no_request_and_dropped_lines_are_reported_when_it_is_read_again()
    {
        const int callers = 16;
        const int requests = callers * 1_000;
        const int mostKept = 12_000;
        await using var service = await ServiceProcess.StartUnreadAsync(Settings("Production", NoDatabase));

        await Task.WhenAll(Enumerable.Range(0, callers).Select(async _ =>
        {
            for (var sent = 0; sent < requests / callers; sent++)
            {
                using var response = await service.Http.GetAsync(new Uri("/", UriKind.Relative)).WaitAsync(Service.Timeout);
                response.StatusCode.ShouldBe(HttpStatusCode.MultipleChoices);
            }
        }));

        var (kept, dropped) = (0, 0L);
        while (kept + dropped < requests && await service.ReadLineAsync() is { } text)
        {
            var state = JsonElement.Parse(text).GetProperty("State");
            kept += state.TryGetProperty("Route", out _) ? 1 : 0;
            dropped += state.TryGetProperty("Dropped", out var lines) ? lines.GetInt64() : 0;
        }

        (kept + dropped).ShouldBe(requests);
        kept.ShouldBeLessThan(mostKept);
        (await service.StopAsync()).ExitCode.ShouldBe(0);
    }

    [Test]
    public async Task Unread_standard_output_does_not_block_the_shutdown()
    {
        const int requests = 1_000; // more than a pipe holds
        await using var service = await ServiceProcess.StartUnreadAsync(Settings("Production", NoDatabase));
        for (var sent = 0; sent < requests; sent++)
        {
            (await SendAsync(service, Requests.Make(HttpMethod.Get, "/"))).Status.ShouldBe(HttpStatusCode.MultipleChoices);
        }

        (await service.StopAsync()).ExitCode.ShouldBe(0);
    }

    [Test]
    public async Task Start_with_an_unknown_log_format_fails_with_1()
    {
        var ended = await ServiceProcess.RunAsync(new Dictionary<string, string>(Settings("Production", NoDatabase)) { ["Logging:Console:FormatterName"] = "xml" });

        ended.ExitCode.ShouldBe(1);
        ended.Error.TrimEnd().ShouldBe("Logging:Console:FormatterName must be json or simple.");
    }

    private static async Task<ServiceProcess> ServeReadyAsync(Dictionary<string, string> settings)
    {
        var service = await ServiceProcess.StartUnreadAsync(settings);
        while (await service.ReadLineAsync() is { } line && !line.Contains("its schema is current", StringComparison.Ordinal))
        {
        }

        service.ReadOutput();
        return service;
    }

    private static Dictionary<string, string> Settings(string environment, string connectionString) => new(Token.SigningKeys.Concat(PatientService.Settings))
    {
        ["ASPNETCORE_ENVIRONMENT"] = environment,
        ["ConnectionStrings:Deployments"] = connectionString,
        ["Authentication:Schemes:Bearer:ValidIssuer"] = Token.TrustedIssuer,
        ["Authentication:Schemes:Bearer:ValidAudiences:0"] = Token.OurAudience,
    };

    private static HttpRequestMessage Create(Project project, string json) => Post(project, project.Path, json);

    private static HttpRequestMessage CreateConfig(Project project) => Post(project, $"/v1/{project.Id}/software_configs", "{}");

    private static HttpRequestMessage Post(Project project, string path, string json)
    {
        var request = Requests.Make(HttpMethod.Post, path, ("X-Auth-Token", project.Token.ToString()));
        request.Content = Requests.Body(json);
        return request;
    }

    private static async Task<ApiResponse> SendAsync(ServiceProcess service, HttpRequestMessage request)
    {
        using var response = await service.Http.SendAsync(request);
        return await ApiResponse.ReadAsync(response);
    }

    private static IEnumerable<JsonElement> Lines(ProcessResult ended) =>
        ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line));

    private static JsonElement LineOf(ProcessResult ended, ApiResponse response) =>
        Lines(ended).Single(line => line.GetProperty("State").TryGetProperty("RequestId", out var id) && id.GetString() == response.RequestId);
}
