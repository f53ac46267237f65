using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Which operations there are, and what holds for each of them; the list is the service's own document.</summary>
public sealed class OperationTests
{
    private const string Deployments = "/v1/{project_id}/software_deployments";
    private const string Configs = "/v1/{project_id}/software_configs";
    private const string Metadata = Deployments + "/metadata/{server_id}";

    private static IEnumerable<TestCaseData> MethodsByPath =>
    [
        Path("/", "GET", "HEAD"),
        Path("/healthz/live", "GET", "HEAD"),
        Path("/healthz/ready", "GET", "HEAD"),
        Path(Deployments, "GET", "POST"),
        Path(Deployments + "/batch", "POST"),
        Path(Deployments + "/{id}", "GET", "PUT", "DELETE"),
        Path(Deployments + "/{id}/events", "GET"),
        Path(Metadata, "GET"),
        Path(Configs, "GET", "POST"),
        Path(Configs + "/{id}", "GET", "DELETE"),
        Path("/v1/{project_id}/validate", "POST"),
    ];

    [Test]
    public async Task The_OpenAPI_document_lists_every_operation_of_the_contract_and_no_other()
    {
        var operations = await Operation.ListAsync();

        operations.Select(operation => operation.ToString()).ShouldBe(
            [
                $"POST {Deployments}",
                $"POST {Deployments}/batch",
                $"GET {Deployments}",
                $"GET {Deployments}/{{id}}",
                $"PUT {Deployments}/{{id}}",
                $"DELETE {Deployments}/{{id}}",
                $"GET {Deployments}/{{id}}/events",
                $"GET {Metadata}",
                $"POST {Configs}",
                $"GET {Configs}",
                $"GET {Configs}/{{id}}",
                $"DELETE {Configs}/{{id}}",
                "POST /v1/{project_id}/validate",
            ],
            ignoreOrder: true);
    }

    [Test]
    public async Task Every_operation_has_an_example_of_what_it_takes_and_answers_that_the_service_takes_too()
    {
        var project = new Project();
        var paths = (await TestRun.Service.GetAsync("/openapi/v1.json")).ShouldBeOk().Json.GetProperty("paths");

        foreach (var operation in await Operation.ListAsync())
        {
            var documented = paths.GetProperty(operation.Template).GetProperty(operation.Method.Method.ToLowerInvariant());
            if (documented.GetProperty("responses").TryGetProperty("200", out var answer))
            {
                answer.GetProperty("content").GetProperty("application/json").TryGetProperty("example", out _).ShouldBeTrue($"{operation}");
            }

            if (documented.TryGetProperty("requestBody", out var body))
            {
                var example = body.GetProperty("content").GetProperty("application/json").GetProperty("example").GetRawText();
                var request = Requests.Make(operation.Method, operation.PathIn(project), ("X-Auth-Token", project.Token.ToString()));
                request.Content = Requests.Body(example);
                var status = (await TestRun.Service.SendAsync(request)).Status;
                status.ShouldBe(operation.Method == HttpMethod.Put ? HttpStatusCode.NotFound : HttpStatusCode.OK, $"{operation}");
            }
        }
    }

    [TestCaseSource(nameof(MethodsByPath))]
    public async Task A_method_that_the_path_does_not_take_is_told_those_it_takes(string template, string[] taken)
    {
        var project = new Project();
        var path = new Operation(HttpMethod.Get, template).PathIn(project);
        foreach (var method in new[] { "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "DELETE", "BREW" }.Except(taken))
        {
            var answer = await TestRun.Service.SendAsync(
                Requests.Make(new HttpMethod(method), path, ("X-Auth-Token", project.Token.ToString())));

            answer.Status.ShouldBe(HttpStatusCode.MethodNotAllowed, method);
            answer.Headers["Allow"].Split(", ").ShouldBe(taken, ignoreOrder: true, method);
            if (method != "HEAD")
            {
                answer.ShouldBeError(HttpStatusCode.MethodNotAllowed);
            }
        }
    }

    private static TestCaseData Path(string template, params string[] taken) =>
        new TestCaseData(template, taken).SetArgDisplayNames(template);
}
