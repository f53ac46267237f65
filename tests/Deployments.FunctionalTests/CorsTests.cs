using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>What a browser is told of a page of another origin.</summary>
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
    public async Task A_configured_origin_may_send_what_the_service_takes(string origin, string method, string headers)
    {
        var answer = await AskAsync(service, origin, method, headers);

        answer.Status.ShouldBe(HttpStatusCode.NoContent);
        answer.Headers[AllowOrigin].ShouldBe(origin);
        answer.Headers["Access-Control-Allow-Methods"].ShouldBe(method);
        answer.Headers["Access-Control-Allow-Headers"].ShouldBe(headers);
        answer.Headers.ShouldNotContainKey("Access-Control-Allow-Credentials");
        answer.RequestId.ShouldMatch(ApiResponse.RequestIdForm().ToString());
    }

    [Test]
    public async Task A_configured_origin_may_read_every_answer_and_our_headers()
    {
        var project = new Project(service);

        foreach (var answer in new[]
        {
            (await project.CreateAsync(Requests.Body(Project.Minimal), ("Origin", Origin))).ShouldBeOk(),
            (await project.CreateAsync(Requests.Body("{}"), ("Origin", Origin))).ShouldBeError(HttpStatusCode.BadRequest, "config_id", "server_id"),
            (await project.PostAsync(Requests.Body(Project.Minimal), ("Origin", Origin))).ShouldBeUnauthorized(),
            (await service.GetAsync("/nowhere", ("Origin", Origin), ("X-Auth-Token", project.Token.ToString()))).ShouldBeError(HttpStatusCode.NotFound),
        })
        {
            answer.Headers[AllowOrigin].ShouldBe(Origin);
            answer.Headers["Vary"].ShouldContain("Origin");
            answer.Headers["Access-Control-Expose-Headers"].Split(',').ShouldBe(
                ["ETag", "Location", "Link", "Retry-After", "X-Openstack-Request-Id", "Idempotent-Replayed"], ignoreOrder: true);
            answer.Headers.ShouldNotContainKey("Access-Control-Allow-Credentials");
        }
    }

    [TestCase("https://elsewhere.example.org")]
    [TestCase("http://console.example.org")]
    [TestCase("https://console.example.org:8443")]
    [TestCase("null")]
    public Task Another_origin_is_told_nothing(string origin) => ShouldTellNothingAsync(service, origin);

    [Test]
    public async Task Without_the_setting_no_origin_is_told_anything()
    {
        await ShouldTellNothingAsync(TestRun.Service, Origin);
        (await AskAsync(TestRun.Service, Origin, "POST", "X-Auth-Token")).ShouldBeUnauthorized();
    }

    private static async Task ShouldTellNothingAsync(Service service, string origin)
    {
        var asked = await AskAsync(service, origin, "POST", "X-Auth-Token");
        var created = await new Project(service).CreateAsync(Requests.Body(Project.Minimal), ("Origin", origin));

        foreach (var answer in new[] { asked, created.ShouldBeOk() })
        {
            answer.Headers.Keys.ShouldNotContain(name => name.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
        }
    }

    /// <summary>What a browser asks before the request itself.</summary>
    private static Task<ApiResponse> AskAsync(Service service, string origin, string method, string headers) => service.SendAsync(Requests.Make(
        HttpMethod.Options,
        new Project(service).Path,
        ("Origin", origin),
        ("Access-Control-Request-Method", method),
        ("Access-Control-Request-Headers", headers)));
}
