using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The operations of the OpenAPI document, and what holds for each of them.</summary>
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
        Path("/v1/{project_id}/events", "GET"),
        Path("/v1/{project_id}/servers", "GET"),
        Path("/v1/{project_id}/agents", "POST"),
        Path("/v1/{project_id}/agents/{server_id}", "DELETE"),
        Path("/agents/{project_id}/{id}/a-mac", "GET", "HEAD"),
        Path("/signals/{project_id}/{id}/{id}/{id}/a-mac", "PUT", "POST"),
    ];

    [Test]
    public async Task Openapi_document_lists_exactly_the_operations_of_the_contract()
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
                "GET /v1/{project_id}/events",
                "GET /v1/{project_id}/servers",
                "POST /v1/{project_id}/agents",
                "DELETE /v1/{project_id}/agents/{server_id}",
            ],
            ignoreOrder: true);
    }

    [Test]
    public async Task Openapi_document_has_examples_that_the_service_accepts()
    {
        var project = new Project();
        var paths = (await TestRun.Service.GetAsync("/openapi/v1.json")).ShouldBeOk().Json.GetProperty("paths");

        foreach (var operation in await Operation.ListAsync())
        {
            var documented = paths.GetProperty(operation.Template).GetProperty(operation.Method.Method.ToLowerInvariant());
            if (documented.GetProperty("responses").TryGetProperty("200", out var response))
            {
                response.GetProperty("content").GetProperty("application/json").TryGetProperty("example", out _).ShouldBeTrue($"{operation}");
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
    public async Task Method_that_a_path_does_not_support_returns_405_with_the_supported_methods(string template, string[] supported)
    {
        var project = new Project();
        var path = new Operation(HttpMethod.Get, template).PathIn(project);
        foreach (var method in new[] { "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "DELETE", "BREW" }.Except(supported))
        {
            var response = await TestRun.Service.SendAsync(
                Requests.Make(new HttpMethod(method), path, ("X-Auth-Token", project.Token.ToString())));

            response.Status.ShouldBe(HttpStatusCode.MethodNotAllowed, method);
            response.Headers["Allow"].Split(", ").ShouldBe(supported, ignoreOrder: true, method);
            if (method != "HEAD")
            {
                response.ShouldBeError(HttpStatusCode.MethodNotAllowed);
            }
        }
    }

    private static TestCaseData Path(string template, params string[] supported) =>
        new TestCaseData(template, supported).SetArgDisplayNames(template);
}
