using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Some clients parse only times without a zone.</summary>
public sealed class TimeFormatTests
{
    private const string Zoneless = @"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$";

    private Service service = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => service = await Service.StartReadyAsync(
        TestRun.ConnectionString,
        new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:TimeFormat"] = "Zoneless" });

    [OneTimeTearDown]
    public async Task StopAsync() => await service.DisposeAsync();

    [Test]
    public async Task Zoneless_times_have_no_Z_in_any_response()
    {
        var project = new Project(service);
        var config = await project.CreateConfigAsync("{}");
        var created = await project.CreateAsync($$"""{"config_id": "{{config.Id}}", "server_id": "s"}""");
        var responses = new[]
        {
            config,
            created,
            await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}"""),
            await project.GetAsync(created.Id),
            await project.ListAsync(),
            await project.CreateBatchAsync([Project.Minimal]),
            await project.ListEventsAsync(created.Id),
            await project.GetConfigAsync(config.Id),
            await project.ListConfigsAsync(),
            await project.GetMetadataAsync("s"),
        };

        foreach (var response in responses)
        {
            var times = response.ShouldBeOk().Text.Split('"').Where((_, index) => index % 2 == 1).ToList();
            times.ShouldContain(text => text.EndsWith("time", StringComparison.Ordinal));
            times.Select((text, index) => (text, index)).Where(each => each.text is "creation_time" or "updated_time" or "time")
                .ShouldAllBe(each => System.Text.RegularExpressions.Regex.IsMatch(times[each.index + 1], Zoneless));
        }
    }

    [Test]
    public async Task Entity_tag_differs_between_time_formats()
    {
        var project = new Project(service);
        var usual = new Project(id: project.Id);
        var created = await project.CreateAsync(Project.Minimal);
        var config = await project.CreateConfigAsync("{}");

        (await usual.GetAsync(created.Id)).EntityTag.ShouldNotBe(created.EntityTag);
        (await usual.GetConfigAsync(config.Id)).EntityTag.ShouldNotBe(config.EntityTag);
        (await usual.GetAsync(created.Id, null, ("If-None-Match", created.EntityTag))).ShouldBeOk();
        (await project.GetAsync(created.Id)).EntityTag.ShouldBe(created.EntityTag);
    }

    [Test]
    public async Task Update_with_the_entity_tag_of_a_zoneless_response_returns_200()
    {
        var project = new Project(service);
        var created = await project.CreateAsync(Project.Minimal);

        var changed = await project.UpdateAsync(created.Id, """{"status": "COMPLETE"}""", ("If-Match", created.EntityTag));

        changed.ShouldBeOk().EntityTag.ShouldNotBe(created.EntityTag);
        (await project.UpdateAsync(created.Id, "{}", ("If-Match", created.EntityTag)))
            .ShouldBeError(System.Net.HttpStatusCode.PreconditionFailed);
    }
}
