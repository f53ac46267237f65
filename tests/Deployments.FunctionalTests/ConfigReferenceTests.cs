using System.Net;
using Deployments.FunctionalTests.Support;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>A service that requires the config of a deployment to exist.</summary>
public sealed class ConfigReferenceTests
{
    private static readonly Dictionary<string, Func<Project, Project, Task<string>>> NonexistentConfigs = new()
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

    private static IEnumerable<string> NamesOfNonexistentConfigs => NonexistentConfigs.Keys;

    private Service service = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => service = await Service.StartReadyAsync(
        TestRun.ConnectionString,
        new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:ConfigReferences"] = "Known" });

    [OneTimeTearDown]
    public async Task StopAsync() => await service.DisposeAsync();

    [Test]
    public async Task Create_and_update_with_an_existing_config_return_200()
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

    [TestCaseSource(nameof(NamesOfNonexistentConfigs))]
    public async Task Create_and_update_with_a_config_that_does_not_exist_return_400(string config)
    {
        var project = new Project(service);
        var known = (await project.CreateConfigAsync("{}")).Id;
        var created = await project.CreateAsync(Naming(known));
        var unknown = await NonexistentConfigs[config](project, new Project(service));

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
    public async Task Update_whose_config_is_locked_is_stored_later_even_if_another_instance_stores_others_with_its_request_id_meanwhile()
    {
        const int others = 5;
        var project = new Project(service);
        var elsewhere = new Project(id: project.Id);
        var config = (await project.CreateConfigAsync("{}")).Id;
        var id = (await project.CreateAsync(Naming((await project.CreateConfigAsync("{}")).Id))).Id;
        var requestId = ("X-Openstack-Request-Id", $"req-{Guid.NewGuid()}");
        await using var connection = await TestRun.Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var take = new NpgsqlCommand("SELECT FROM software_configs WHERE id = $1 FOR UPDATE", connection);
        take.Parameters.AddWithValue(Guid.Parse(config));
        await take.ExecuteNonQueryAsync();

        var waiting = project.UpdateAsync(id, $$"""{"config_id": "{{config}}"}""", requestId);
        for (var number = 0; number < others; number++)
        {
            (await elsewhere.UpdateAsync(id, $$"""{"status_reason": "{{number}}"}""", requestId)).ShouldBeOk();
        }

        waiting.IsCompleted.ShouldBeFalse();
        await transaction.RollbackAsync();

        (await waiting).ShouldBeOk().Deployment.GetProperty("config_id").GetString().ShouldBe(config);
        (await project.ListEventsAsync(id)).Items.Count.ShouldBe(1 + others + 1);
    }

    [Test]
    public async Task Create_with_a_config_of_another_project_returns_the_same_error_as_one_that_does_not_exist()
    {
        var project = new Project(service);
        var foreign = (await new Project(service).CreateConfigAsync("{}")).Id;
        var none = Guid.CreateVersion7().ToString();

        var ofAnother = await project.CreateAsync(Naming(foreign));
        var ofNobody = await project.CreateAsync(Naming(none));

        Detail(ofAnother).Replace(foreign, "ID", StringComparison.Ordinal).ShouldBe(Detail(ofNobody).Replace(none, "ID", StringComparison.Ordinal));
    }

    [Test]
    public async Task Update_by_the_second_project_accepts_only_configs_of_the_owner()
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
    public async Task Update_of_a_deployment_that_keeps_its_nonexistent_config_returns_200()
    {
        var project = new Project(service);
        var created = await new Project(id: project.Id).CreateAsync(Project.Minimal);

        (await project.UpdateAsync(created.Id, """{"config_id": "a config", "status": "COMPLETE"}""")).ShouldBeOk();
    }

    [Test]
    public async Task Delete_config_while_it_is_being_referenced_returns_409_or_the_references_return_400()
    {
        var project = new Project(service);
        var anchor = (await project.CreateConfigAsync("{}")).Id;
        for (var round = 0; round < 50; round++)
        {
            var config = (await project.CreateConfigAsync("{}")).Id;
            var existing = (await project.CreateAsync(Naming(anchor))).Id;

            // Alternate which request is sent first.
            var early = round % 2 == 0 ? project.DeleteConfigAsync(config) : null;
            var naming = new[]
            {
                project.CreateAsync(Naming(config)),
                project.CreateBatchAsync([Naming(anchor), Naming(config)]),
                project.UpdateAsync(existing, $$"""{"config_id": "{{config}}"}"""),
            };
            var deletion = await (early ?? project.DeleteConfigAsync(config));
            var responses = await Task.WhenAll(naming);

            responses.ShouldAllBe(response => response.Status == HttpStatusCode.OK || response.Status == HttpStatusCode.BadRequest);
            var named = responses.Count(response => response.Status == HttpStatusCode.OK);
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

    private static string Detail(ApiResponse response) =>
        response.ShouldBeError(HttpStatusCode.BadRequest, "config_id").Json.GetProperty("detail").GetString()!;

    private static async Task<long> CountNamingAsync(Project project, string config)
    {
        await using var count = TestRun.Database.CreateCommand(
            "SELECT count(*) FROM software_deployments WHERE project_id = $1 AND config_id = $2");
        count.Parameters.Add(new() { Value = project.Id });
        count.Parameters.Add(new() { Value = config });
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
