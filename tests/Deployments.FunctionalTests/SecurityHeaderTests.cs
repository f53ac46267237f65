using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>What every answer tells browsers and caches.</summary>
public sealed class SecurityHeaderTests
{
    private const string Kept = "no-cache, private";
    private const string NotKept = "no-store";

    [Test]
    public async Task Every_answer_of_every_operation_has_them()
    {
        var project = new Project();
        foreach (var operation in await Operation.ListAsync())
        {
            ShouldBeHardened(await operation.SendAsync(project), NotKept);
            ShouldBeHardened(await operation.SendAsync(project, ("X-Auth-Token", new Token("another").ToString())), NotKept);
            var answer = await operation.SendAsync(project, ("X-Auth-Token", project.Token.ToString()));
            ShouldBeHardened(answer, answer.Headers.ContainsKey("ETag") ? Kept : NotKept);
        }

        foreach (var path in new[] { "/", "/v1", "/nowhere", "/healthz/live", "/healthz/ready", "/openapi/v1.json", "/v1/p/%ff" })
        {
            ShouldBeHardened(await TestRun.Service.GetAsync(path), NotKept);
        }
    }

    [Test]
    public async Task What_has_an_entity_tag_may_be_kept_by_its_caller_and_is_asked_for_again()
    {
        var project = new Project();
        var created = await project.CreateAsync(Project.Minimal);
        var config = await project.CreateConfigAsync("{}");

        ShouldBeHardened(created, Kept);
        ShouldBeHardened(await project.GetAsync(created.Id), Kept);
        ShouldBeHardened(await project.GetConfigAsync(config.Id), Kept);
        ShouldBeHardened(await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}"""), Kept);

        var unchanged = await project.GetConfigAsync(config.Id, ("If-None-Match", "*"));
        unchanged.Status.ShouldBe(HttpStatusCode.NotModified);
        ShouldBeHardened(unchanged, Kept);

        ShouldBeHardened(await project.UpdateAsync(created.Id, "{}", ("If-Match", "\"77\"")), NotKept);
        ShouldBeHardened(await project.ListAsync(), NotKept);
    }

    [Test]
    public async Task A_defect_of_ours_has_them_too()
    {
        var answer = await Defect.ProvokeAsync();

        ShouldBeHardened(answer.ShouldBeError(HttpStatusCode.InternalServerError), NotKept);
    }

    [Test]
    public async Task An_outage_has_them_too()
    {
        await using var proxy = new Proxy(TestRun.ConnectionString);
        await using var service = await Service.StartAsync(proxy.ConnectionString);

        ShouldBeHardened((await new Project(service).CreateAsync(Project.Minimal)).ShouldBeError(HttpStatusCode.ServiceUnavailable), NotKept);
    }

    [Test]
    public async Task The_Swagger_page_may_run_its_own_script_and_nothing_else()
    {
        foreach (var path in new[] { "/swagger/index.html", "/swagger/swagger-ui-bundle.js", "/swagger/swagger-ui.css" })
        {
            var answer = await TestRun.Service.GetAsync(path);

            answer.ShouldBeOk();
            var policy = answer.Headers["Content-Security-Policy"];
            policy.ShouldStartWith("default-src 'self'; ");
            policy.ShouldContain("frame-ancestors 'none'");
            policy.ShouldNotContain("http");
            answer.Headers["X-Content-Type-Options"].ShouldBe("nosniff");
            answer.Headers["Referrer-Policy"].ShouldBe("no-referrer");
            answer.Headers.ShouldNotContainKey("Server");
        }

        // All that it loads is the service's own.
        (await TestRun.Service.GetAsync("/swagger/index.html")).Text.ShouldNotContain("src=\"http");
    }

    [Test]
    public async Task Transport_security_is_asked_for_over_https_alone()
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
    public async Task The_document_and_its_page_are_there_to_be_read(string path)
    {
        foreach (var method in new[] { "POST", "PUT", "DELETE", "PATCH", "OPTIONS" })
        {
            var answer = await TestRun.Service.SendAsync(Requests.Make(new HttpMethod(method), path));

            answer.ShouldBeError(HttpStatusCode.MethodNotAllowed).Headers["Allow"].ShouldBe("GET");
        }
    }

    private static void ShouldBeHardened(ApiResponse answer, string caching)
    {
        answer.Headers["X-Content-Type-Options"].ShouldBe("nosniff");
        answer.Headers["Referrer-Policy"].ShouldBe("no-referrer");
        answer.Headers["Content-Security-Policy"].ShouldBe("default-src 'none'; frame-ancestors 'none'");
        answer.Headers["Cache-Control"].ShouldBe(caching);
        answer.Headers.ShouldNotContainKey("Server");
        answer.Headers.ShouldNotContainKey("X-Powered-By");
        answer.Headers.ShouldNotContainKey("Strict-Transport-Security");
    }
}
