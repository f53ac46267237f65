using System.Diagnostics;
using System.Globalization;
using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The rate limit of a project.</summary>
public sealed class RateLimitTests
{
    private const int Burst = 5;

    private Service slow = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => slow = await StartAsync("0.001"); // a token every 1,000 s: none is added while a test runs

    [OneTimeTearDown]
    public async Task StopAsync() => await slow.DisposeAsync();

    [Test]
    public async Task Requests_without_a_configured_rate_are_not_limited()
    {
        var project = new Project();

        for (var i = 0; i < 50; i++)
        {
            (await project.ListAsync("?limit=1")).ShouldBeOk();
        }
    }

    [Test]
    public async Task Requests_over_the_rate_return_429_with_retry_after_and_store_nothing()
    {
        var project = new Project(slow);
        for (var i = 0; i < Burst; i++)
        {
            (await project.CreateAsync(Project.Minimal)).ShouldBeOk();
        }

        foreach (var operation in await Operation.ListAsync())
        {
            var refused = await operation.SendAsync(project, slow, ("X-Auth-Token", project.Token.ToString()));

            refused.ShouldBeError(HttpStatusCode.TooManyRequests);
            int.Parse(refused.Headers["Retry-After"], CultureInfo.InvariantCulture).ShouldBeInRange(1, 1_000);
        }

        (await project.CountStoredAsync()).ShouldBe(Burst);
        (await project.CountStoredConfigsAsync()).ShouldBe(0);
    }

    [Test]
    public async Task Request_after_the_retry_after_delay_returns_200()
    {
        await using var service = await StartAsync("1");
        var project = new Project(service);
        ApiResponse? refused = null;
        for (var waited = Stopwatch.StartNew(); refused is null;) // as often as it takes to be faster than the rate
        {
            waited.Elapsed.ShouldBeLessThan(Service.Timeout);
            var responses = await Task.WhenAll(Enumerable.Range(0, 2 * Burst).Select(_ => project.ListAsync("?limit=1")));
            refused = responses.FirstOrDefault(response => response.Status == HttpStatusCode.TooManyRequests);
        }

        await Task.Delay(TimeSpan.FromSeconds(int.Parse(refused.Headers["Retry-After"], CultureInfo.InvariantCulture) + 0.2));

        (await project.ListAsync("?limit=1")).ShouldBeOk();
    }

    [Test]
    public async Task Rate_limit_applies_to_the_project_in_the_path_also_for_an_admin()
    {
        var project = new Project(slow);
        var admin = project.Token with { Project = "another", Roles = ["admin"] };

        for (var i = 0; i < Burst; i++)
        {
            (await project.CreateAsAsync(admin)).ShouldBeOk();
        }

        (await project.CreateAsync(Project.Minimal)).ShouldBeError(HttpStatusCode.TooManyRequests);
        (await new Project(slow).CreateAsync(Project.Minimal)).ShouldBeOk();
    }

    [Test]
    public async Task Requests_that_return_401_or_403_and_health_checks_do_not_count_toward_the_rate()
    {
        var project = new Project(slow);

        for (var i = 0; i < 2 * Burst; i++)
        {
            (await project.CreateAsAsync("garbage")).ShouldBeUnauthorized();
            (await project.CreateAsAsync(new Token("another"))).ShouldBeError(HttpStatusCode.Forbidden);
            (await project.CreateAsAsync(project.Token with { Roles = ["reader"] })).ShouldBeError(HttpStatusCode.Forbidden);
            (await slow.GetAsync("/healthz/live")).ShouldBeOk();
        }

        (await project.CreateAsync(Project.Minimal)).ShouldBeOk();
    }

    private static Task<Service> StartAsync(string perSecond) => Service.StartReadyAsync(
        TestRun.ConnectionString,
        new Dictionary<string, string>(Token.SigningKeys)
        {
            ["Deployments:RateLimit:PerSecond"] = perSecond,
            ["Deployments:RateLimit:Burst"] = Burst.ToString(CultureInfo.InvariantCulture),
        });
}
