using System.Text.Json;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Respawn;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The example of the contract, and the row that it stores.</summary>
[NonParallelizable]
public sealed class SeedExampleTests
{
    private const string ProjectId = "95d02433133a4c0a87ba6967474a2ad3";

    [SetUp]
    public async Task EmptyTheDatabaseAsync()
    {
        await using var connection = await TestRun.Database.OpenConnectionAsync();
        var respawner = await Respawner.CreateAsync(connection, new RespawnerOptions
        {
            DbAdapter = DbAdapter.Postgres,
            TablesToIgnore = ["__EFMigrationsHistory"],
        });
        await respawner.ResetAsync(connection);
    }

    [Test]
    public async Task Create_with_the_example_request_returns_the_nine_fields_of_the_example_response()
    {
        var before = DateTimeOffset.UtcNow;

        var response = await CreateExampleAsync();

        var expected = JsonElement.Parse(await ReadAsync("create-response.json")).GetProperty("software_deployment");
        response.Json.EnumerateObject().Select(member => member.Name).ShouldBe(["software_deployment"]);
        response.Deployment.EnumerateObject().Select(member => member.Name)
            .ShouldBe(expected.EnumerateObject().Select(member => member.Name), ignoreOrder: true);
        foreach (var field in expected.EnumerateObject().Where(field => field.Name is not ("id" or "creation_time")))
        {
            response.Deployment.GetProperty(field.Name).GetRawText().ShouldBe(field.Value.GetRawText(), field.Name);
        }

        response.Id.ShouldMatch("^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$");
        var time = response.Deployment.GetProperty("creation_time").GetString()!;
        time.ShouldMatch(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$");
        DateTimeOffset.Parse(time, null).ShouldBeInRange(before.AddSeconds(-1), DateTimeOffset.UtcNow);
        response.Headers["Content-Type"].ShouldStartWith("application/json");
        response.RequestId.ShouldMatch(ApiResponse.RequestIdForm().ToString());
    }

    [Test]
    public async Task Create_with_the_example_request_stores_one_row_with_every_sent_value()
    {
        var id = (await CreateExampleAsync()).Id;

        await using var select = TestRun.Database.CreateCommand(
            """
            SELECT row_to_json(d)::text FROM
              (SELECT project_id, id, status, server_id, config_id, stack_user_project_id, action, status_reason, input_values, output_values
               FROM software_deployments) d
            """);
        await using var rows = await select.ExecuteReaderAsync();
        (await rows.ReadAsync()).ShouldBeTrue();
        var row = JsonElement.Parse(rows.GetString(0)).EnumerateObject().ToDictionary(column => column.Name, column => column.Value.GetString());
        (await rows.ReadAsync()).ShouldBeFalse();

        row.ShouldBe(
            new Dictionary<string, string?>
            {
                ["project_id"] = ProjectId,
                ["id"] = id,
                ["status"] = "IN_PROGRESS",
                ["server_id"] = "ec14c864-096e-4e27-bb8a-2c2b4dc6f3f5",
                ["config_id"] = "8da95794-2ad9-4979-8ae5-739ce314c5cd",
                ["stack_user_project_id"] = "c024bfada67845ddb17d2b0c0be8cd79",
                ["action"] = "CREATE",
                ["status_reason"] = "Deploy data available",
                ["input_values"] = null,
                ["output_values"] = null,
            },
            ignoreOrder: true);
    }

    [Test]
    public async Task Create_with_the_example_request_twice_stores_two_deployments_with_ids_in_creation_order()
    {
        var first = await CreateExampleAsync();
        var second = await CreateExampleAsync();

        string.CompareOrdinal(first.Id, second.Id).ShouldBeLessThan(0);
        await using var count = TestRun.Database.CreateCommand("SELECT count(*) FROM software_deployments");
        (await count.ExecuteScalarAsync()).ShouldBe(2L);
    }

    private static async Task<ApiResponse> CreateExampleAsync() =>
        (await new Project(id: ProjectId).CreateAsync(await ReadAsync("create-request.json"))).ShouldBeOk();

    private static Task<string> ReadAsync(string file) => File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Data", file));
}
