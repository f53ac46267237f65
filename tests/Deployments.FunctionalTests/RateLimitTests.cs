using System.Globalization;
using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>A project's rate, where one is set.</summary>
public sealed class RateLimitTests
{
    private const int Burst = 5;

    private Service slow = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => slow = await StartAsync("0.05"); // a token every 20 s: none comes while a test runs

    [OneTimeTearDown]
    public async Task StopAsync() => await slow.DisposeAsync();

    [Test]
    public async Task Without_a_setting_there_is_no_limit()
    {
        var project = new Project();

        for (var i = 0; i < 50; i++)
        {
            (await project.ListAsync("?limit=1")).ShouldBeOk();
        }
    }

    [Test]
    public async Task A_request_over_the_rate_is_refused_with_the_wait_and_stores_nothing()
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
            int.Parse(refused.Headers["Retry-After"], CultureInfo.InvariantCulture).ShouldBeInRange(1, 20);
        }

        (await project.CountStoredAsync()).ShouldBe(Burst);
        (await project.CountStoredConfigsAsync()).ShouldBe(0);
    }

    [Test]
    public async Task Who_waits_as_told_is_served()
    {
        await using var service = await StartAsync("1");
        var project = new Project(service);
        ApiResponse refused;
        do
        {
            refused = await project.ListAsync("?limit=1");
        }
        while (refused.Status == HttpStatusCode.OK);

        await Task.Delay(TimeSpan.FromSeconds(int.Parse(refused.Headers["Retry-After"], CultureInfo.InvariantCulture) + 0.2));

        (await project.ListAsync("?limit=1")).ShouldBeOk();
    }

    [Test]
    public async Task One_projects_rate_is_no_others_and_an_admin_uses_up_the_rate_of_the_project_in_the_path()
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
    public async Task What_is_not_allowed_in_the_project_does_not_count_nor_do_health_checks()
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
