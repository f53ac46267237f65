using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Headers for browsers and caches.</summary>
public sealed class SecurityHeaderTests
{
    private const string Cacheable = "no-cache, private";
    private const string NotCacheable = "no-store";

    [Test]
    public async Task Security_headers_are_returned_by_every_operation_with_every_status()
    {
        var project = new Project();
        foreach (var operation in await Operation.ListAsync())
        {
            ShouldBeHardened(await operation.SendAsync(project), NotCacheable);
            ShouldBeHardened(await operation.SendAsync(project, ("X-Auth-Token", new Token("another").ToString())), NotCacheable);
            var response = await operation.SendAsync(project, ("X-Auth-Token", project.Token.ToString()));
            ShouldBeHardened(response, response.Headers.ContainsKey("ETag") ? Cacheable : NotCacheable);
        }

        foreach (var path in new[] { "/", "/v1", "/nowhere", "/healthz/live", "/healthz/ready", "/openapi/v1.json", "/v1/p/%ff" })
        {
            ShouldBeHardened(await TestRun.Service.GetAsync(path), NotCacheable);
        }
    }

    [Test]
    public async Task Responses_with_an_entity_tag_are_cacheable_by_the_caller_and_revalidated()
    {
        var project = new Project();
        var created = await project.CreateAsync(Project.Minimal);
        var config = await project.CreateConfigAsync("{}");

        ShouldBeHardened(created, Cacheable);
        ShouldBeHardened(await project.GetAsync(created.Id), Cacheable);
        ShouldBeHardened(await project.GetConfigAsync(config.Id), Cacheable);
        ShouldBeHardened(await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}"""), Cacheable);

        var unchanged = await project.GetConfigAsync(config.Id, ("If-None-Match", "*"));
        unchanged.Status.ShouldBe(HttpStatusCode.NotModified);
        ShouldBeHardened(unchanged, Cacheable);

        ShouldBeHardened(await project.UpdateAsync(created.Id, "{}", ("If-Match", "\"77\"")), NotCacheable);
        ShouldBeHardened(await project.ListAsync(), NotCacheable);
    }

    [Test]
    public async Task Security_headers_are_returned_with_500()
    {
        var response = await Defect.ProvokeAsync();

        ShouldBeHardened(response.ShouldBeError(HttpStatusCode.InternalServerError), NotCacheable);
    }

    [Test]
    public async Task Security_headers_are_returned_with_503()
    {
        await using var proxy = new Proxy(TestRun.ConnectionString);
        await using var service = await Service.StartAsync(proxy.ConnectionString);

        using var soon = service.ShortenBudgets();
        ShouldBeHardened((await new Project(service).CreateAsync(Project.Minimal)).ShouldBeError(HttpStatusCode.ServiceUnavailable), NotCacheable);
    }

    [Test]
    public async Task Swagger_page_allows_only_its_own_scripts()
    {
        foreach (var path in new[] { "/swagger/index.html", "/swagger/swagger-ui-bundle.js", "/swagger/swagger-ui.css" })
        {
            var response = await TestRun.Service.GetAsync(path);

            response.ShouldBeOk();
            var policy = response.Headers["Content-Security-Policy"];
            policy.ShouldStartWith("default-src 'self'; ");
            policy.ShouldContain("frame-ancestors 'none'");
            policy.ShouldNotContain("http");
            response.Headers["X-Content-Type-Options"].ShouldBe("nosniff");
            response.Headers["Referrer-Policy"].ShouldBe("no-referrer");
            response.Headers.ShouldNotContainKey("Server");
        }

        // The page loads nothing from elsewhere.
        (await TestRun.Service.GetAsync("/swagger/index.html")).Text.ShouldNotContain("src=\"http");
    }

    [Test]
    public async Task Strict_transport_security_is_returned_only_over_https()
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:Proxies:0"] = "127.0.0.1" };
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, settings);

        (await service.GetAsync("/", ("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https")))
            .Headers["Strict-Transport-Security"].ShouldBe("max-age=31536000");
        (await service.GetAsync("/")).Headers.ShouldNotContainKey("Strict-Transport-Security");
    }

    [TestCase("/openapi/v1.json")]
    [TestCase("/swagger")]
    [TestCase("/swagger/index.html")]
    public async Task Openapi_document_and_Swagger_page_return_405_for_every_method_but_GET(string path)
    {
        foreach (var method in new[] { "POST", "PUT", "DELETE", "PATCH", "OPTIONS" })
        {
            var response = await TestRun.Service.SendAsync(Requests.Make(new HttpMethod(method), path));

            response.ShouldBeError(HttpStatusCode.MethodNotAllowed).Headers["Allow"].ShouldBe("GET");
        }
    }

    private static void ShouldBeHardened(ApiResponse response, string caching)
    {
        response.Headers["X-Content-Type-Options"].ShouldBe("nosniff");
        response.Headers["Referrer-Policy"].ShouldBe("no-referrer");
        response.Headers["Content-Security-Policy"].ShouldBe("default-src 'none'; frame-ancestors 'none'");
        response.Headers["Cache-Control"].ShouldBe(caching);
        response.Headers.ShouldNotContainKey("Server");
        response.Headers.ShouldNotContainKey("X-Powered-By");
        response.Headers.ShouldNotContainKey("Strict-Transport-Security");
    }
}
