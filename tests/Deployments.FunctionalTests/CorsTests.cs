using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>CORS headers for browsers.</summary>
public sealed class CorsTests
{
    private const string Origin = "https://console.example.org";
    private const string Second = "http://localhost:3000";
    private const string AllowOrigin = "Access-Control-Allow-Origin";

    private Service service = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => service = await Service.StartReadyAsync(
        TestRun.ConnectionString,
        new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:CorsOrigins:0"] = Origin, ["Deployments:CorsOrigins:1"] = Second });

    [OneTimeTearDown]
    public async Task StopAsync() => await service.DisposeAsync();

    [TestCase(Origin, "POST", "X-Auth-Token")]
    [TestCase(Second, "PUT", "authorization,content-type,if-match")]
    [TestCase(Origin, "DELETE", "idempotency-key,x-openstack-request-id")]
    public async Task Preflight_from_a_configured_origin_allows_the_method_and_the_headers(string origin, string method, string headers)
    {
        var response = await PreflightAsync(service, origin, method, headers);

        response.Status.ShouldBe(HttpStatusCode.NoContent);
        response.Headers[AllowOrigin].ShouldBe(origin);
        response.Headers["Access-Control-Allow-Methods"].ShouldBe(method);
        response.Headers["Access-Control-Allow-Headers"].ShouldBe(headers);
        response.Headers.ShouldNotContainKey("Access-Control-Allow-Credentials");
        response.RequestId.ShouldMatch(ApiResponse.RequestIdForm().ToString());
    }

    [Test]
    public async Task Requests_from_a_configured_origin_return_CORS_headers_with_every_status()
    {
        var project = new Project(service);

        foreach (var response in new[]
        {
            (await project.CreateAsync(Requests.Body(Project.Minimal), ("Origin", Origin))).ShouldBeOk(),
            (await project.CreateAsync(Requests.Body("{}"), ("Origin", Origin))).ShouldBeError(HttpStatusCode.BadRequest, "config_id", "server_id"),
            (await project.PostAsync(Requests.Body(Project.Minimal), ("Origin", Origin))).ShouldBeUnauthorized(),
            (await service.GetAsync("/nowhere", ("Origin", Origin), ("X-Auth-Token", project.Token.ToString()))).ShouldBeError(HttpStatusCode.NotFound),
        })
        {
            response.Headers[AllowOrigin].ShouldBe(Origin);
            response.Headers["Vary"].ShouldContain("Origin");
            response.Headers["Access-Control-Expose-Headers"].Split(',').ShouldBe(
                ["ETag", "Location", "Link", "Retry-After", "X-Openstack-Request-Id", "Idempotent-Replayed"], ignoreOrder: true);
            response.Headers.ShouldNotContainKey("Access-Control-Allow-Credentials");
        }
    }

    [TestCase("https://elsewhere.example.org")]
    [TestCase("http://console.example.org")]
    [TestCase("https://console.example.org:8443")]
    [TestCase("null")]
    public Task Requests_from_another_origin_return_no_CORS_headers(string origin) => ShouldReturnNoCorsHeadersAsync(service, origin);

    [Test]
    public async Task Requests_without_configured_origins_return_no_CORS_headers()
    {
        await ShouldReturnNoCorsHeadersAsync(TestRun.Service, Origin);
        (await PreflightAsync(TestRun.Service, Origin, "POST", "X-Auth-Token")).ShouldBeUnauthorized();
    }

    private static async Task ShouldReturnNoCorsHeadersAsync(Service service, string origin)
    {
        var preflight = await PreflightAsync(service, origin, "POST", "X-Auth-Token");
        var created = await new Project(service).CreateAsync(Requests.Body(Project.Minimal), ("Origin", origin));

        foreach (var response in new[] { preflight, created.ShouldBeOk() })
        {
            response.Headers.Keys.ShouldNotContain(name => name.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
        }
    }

    /// <summary>The preflight request of a browser.</summary>
    private static Task<ApiResponse> PreflightAsync(Service service, string origin, string method, string headers) => service.SendAsync(Requests.Make(
        HttpMethod.Options,
        new Project(service).Path,
        ("Origin", origin),
        ("Access-Control-Request-Method", method),
        ("Access-Control-Request-Headers", headers)));
}
