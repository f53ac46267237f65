using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>A service that takes deployments of known configurations alone.</summary>
public sealed class ConfigReferenceTests
{
    private static readonly Dictionary<string, Func<Project, Project, Task<string>>> UnknownConfigs = new()
    {
        ["no such config"] = (_, _) => Task.FromResult(Guid.CreateVersion7().ToString()),
        ["no UUID"] = (_, _) => Task.FromResult("banana"),
        ["in upper case"] = async (project, _) => (await project.CreateConfigAsync("{}")).Id.ToUpperInvariant(),
        ["in braces"] = async (project, _) => $"{{{(await project.CreateConfigAsync("{}")).Id}}}",
        ["with a space"] = async (project, _) => $"{(await project.CreateConfigAsync("{}")).Id} ",
        ["another project's"] = async (_, another) => (await another.CreateConfigAsync("{}")).Id,
        ["deleted"] = async (project, _) =>
        {
            var id = (await project.CreateConfigAsync("{}")).Id;
            (await project.DeleteConfigAsync(id)).ShouldBeGone();
            return id;
        },
    };

    private static IEnumerable<string> NamesOfUnknownConfigs => UnknownConfigs.Keys;

    private Service service = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => service = await Service.StartReadyAsync(
        TestRun.ConnectionString,
        new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:ConfigReferences"] = "Known" });

    [OneTimeTearDown]
    public async Task StopAsync() => await service.DisposeAsync();

    [Test]
    public async Task A_known_config_may_be_named()
    {
        var project = new Project(service);
        var first = (await project.CreateConfigAsync("{}")).Id;
        var second = (await project.CreateConfigAsync("{}")).Id;

        var created = await project.CreateAsync(Naming(first));
        var changed = await project.UpdateAsync(created.Id, $$"""{"config_id": "{{second}}"}""");
        var batch = await project.CreateBatchAsync([Naming(first), Naming(second), Naming(first)]);

        created.Deployment.GetProperty("config_id").GetString().ShouldBe(first);
        changed.Deployment.GetProperty("config_id").GetString().ShouldBe(second);
        batch.Items.Select(item => item.GetProperty("config_id").GetString()).ShouldBe([first, second, first]);
        (await project.ListEventsAsync(created.Id)).Items.Count.ShouldBe(2);
    }

    [TestCaseSource(nameof(NamesOfUnknownConfigs))]
    public async Task An_unknown_config_may_not_be_named(string config)
    {
        var project = new Project(service);
        var known = (await project.CreateConfigAsync("{}")).Id;
        var created = await project.CreateAsync(Naming(known));
        var unknown = await UnknownConfigs[config](project, new Project(service));

        (await project.CreateAsync(Naming(unknown))).ShouldBeError(HttpStatusCode.BadRequest, "config_id");
        (await project.CreateBatchAsync([Naming(known), Naming(unknown)]))
            .ShouldBeError(HttpStatusCode.BadRequest, "software_deployments[1].config_id");
        (await project.UpdateAsync(created.Id, $$"""{"config_id": "{{unknown}}", "status": "FAILED"}"""))
            .ShouldBeError(HttpStatusCode.BadRequest, "config_id");

        (await project.ListAsync()).Ids.ShouldBe([created.Id]);
        (await project.GetAsync(created.Id)).Text.ShouldBe(created.Text);
        (await project.CountStoredEventsAsync()).ShouldBe(1);
    }

    [Test]
    public async Task Another_projects_config_is_as_unknown_as_none()
    {
        var project = new Project(service);
        var foreign = (await new Project(service).CreateConfigAsync("{}")).Id;
        var none = Guid.CreateVersion7().ToString();

        var ofAnother = await project.CreateAsync(Naming(foreign));
        var ofNobody = await project.CreateAsync(Naming(none));

        Detail(ofAnother).Replace(foreign, "ID", StringComparison.Ordinal).ShouldBe(Detail(ofNobody).Replace(none, "ID", StringComparison.Ordinal));
    }

    [Test]
    public async Task A_change_by_the_second_project_may_name_the_owners_configs_alone()
    {
        var owner = new Project(service);
        var second = new Project(service);
        var config = (await owner.CreateConfigAsync("{}")).Id;
        var next = (await owner.CreateConfigAsync("{}")).Id;
        var seconds = (await second.CreateConfigAsync("{}")).Id;
        var id = (await owner.CreateAsync(
            $$"""{"config_id": "{{config}}", "server_id": "s", "stack_user_project_id": "{{second.Id}}"}""")).Id;

        (await second.UpdateAsync(id, $$"""{"config_id": "{{seconds}}"}""")).ShouldBeError(HttpStatusCode.BadRequest, "config_id");
        (await second.UpdateAsync(id, $$"""{"config_id": "{{next}}"}""")).ShouldBeOk();
    }

    [Test]
    public async Task A_deployment_from_before_the_rule_may_change_otherwise_and_keep_its_config()
    {
        var project = new Project(service);
        var created = await new Project(id: project.Id).CreateAsync(Project.Minimal);

        (await project.UpdateAsync(created.Id, """{"config_id": "a config", "status": "COMPLETE"}""")).ShouldBeOk();
    }

    [Test]
    public async Task A_config_that_is_deleted_while_it_is_named_is_never_both_gone_and_named()
    {
        var project = new Project(service);
        var anchor = (await project.CreateConfigAsync("{}")).Id;
        for (var round = 0; round < 50; round++)
        {
            var config = (await project.CreateConfigAsync("{}")).Id;
            var existing = (await project.CreateAsync(Naming(anchor))).Id;

            // Now one, now the other sets out first.
            var early = round % 2 == 0 ? project.DeleteConfigAsync(config) : null;
            var naming = new[]
            {
                project.CreateAsync(Naming(config)),
                project.CreateBatchAsync([Naming(anchor), Naming(config)]),
                project.UpdateAsync(existing, $$"""{"config_id": "{{config}}"}"""),
            };
            var deletion = await (early ?? project.DeleteConfigAsync(config));
            var answers = await Task.WhenAll(naming);

            answers.ShouldAllBe(answer => answer.Status == HttpStatusCode.OK || answer.Status == HttpStatusCode.BadRequest);
            var named = answers.Count(answer => answer.Status == HttpStatusCode.OK);
            (await CountNamingAsync(project, config)).ShouldBe(named);
            if (deletion.Status == HttpStatusCode.NoContent)
            {
                named.ShouldBe(0);
            }
            else
            {
                deletion.ShouldBeError(HttpStatusCode.Conflict);
                named.ShouldBeGreaterThan(0);
            }
        }
    }

    private static string Naming(string config) => $$"""{"config_id": "{{config}}", "server_id": "s"}""";

    private static string Detail(ApiResponse answer) =>
        answer.ShouldBeError(HttpStatusCode.BadRequest, "config_id").Json.GetProperty("detail").GetString()!;

    private static async Task<long> CountNamingAsync(Project project, string config)
    {
        await using var count = TestRun.Database.CreateCommand(
            "SELECT count(*) FROM software_deployments WHERE project_id = $1 AND config_id = $2");
        count.Parameters.Add(new() { Value = project.Id });
        count.Parameters.Add(new() { Value = config });
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
