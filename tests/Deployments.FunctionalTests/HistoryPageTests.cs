using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Pages of a deployment's history, by version, and the whole of a long one.</summary>
public sealed class HistoryPageTests
{
    [TestCase("?limit=2", 1, 2)]
    [TestCase("?limit=1000", 1, 5)]
    [TestCase("?limit=5", 1, 5)]
    [TestCase("?limit=1&marker=2", 3, 1)]
    [TestCase("?limit=2&marker=2147483647", 6, 0)]
    [TestCase("?marker=3", 4, 2)]
    [TestCase("?marker=5", 6, 0)]
    [TestCase("?marker=1000", 6, 0)]
    [TestCase("", 1, 5)]
    public async Task List_events_with_a_limit_or_marker_returns_the_versions_after_the_marker(string query, int first, int count)
    {
        var project = new Project();
        var id = await CreateWithHistoryAsync(project, 5, reasonLength: 1);

        var history = (await ListAsync(project, id, query)).ShouldBeOk();

        history.Items.Select(entry => entry.GetProperty("version").GetInt32()).ShouldBe(Enumerable.Range(first, count));
        history.Items.Select(entry => entry.GetProperty("status_reason").GetString()!.Length).ShouldAllBe(length => length == 1);
    }

    [TestCase("?limit=0", "limit")]
    [TestCase("?limit=1001", "limit")]
    [TestCase("?limit=x", "limit")]
    [TestCase("?limit=", "limit")]
    [TestCase("?limit=1&limit=1", "limit")]
    [TestCase("?marker=x", "marker")]
    [TestCase("?marker=0", "marker")]
    [TestCase("?marker=-1", "marker")]
    [TestCase("?marker=0197f3a0-0000-7000-8000-000000000000", "marker")]
    [TestCase("?limit=0&marker=0", "limit", "marker")]
    [TestCase("?unknown=1", "unknown")]
    public async Task List_events_with_an_invalid_query_is_a_bad_request(string query, params string[] fields)
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        (await ListAsync(project, id, query)).ShouldBeError(HttpStatusCode.BadRequest, fields);
    }

    [Test]
    public async Task List_events_of_a_long_history_returns_every_version_in_order([Values(100, 101, 102, 303, 2_000)] int count)
    {
        var project = new Project();
        var id = await CreateWithHistoryAsync(project, count, reasonLength: 1);

        (await ListAsync(project, id)).Items.Select(entry => entry.GetProperty("version").GetInt32()).ShouldBe(Enumerable.Range(1, count));
    }

    [Test]
    public async Task List_events_with_long_reasons_reads_few_at_once_and_returns_every_version()
    {
        const int count = 600;
        var project = new Project();
        var id = await CreateWithHistoryAsync(project, count, reasonLength: 16_000);
        using var statements = new Statements();

        var history = await project.SendAsync(HttpMethod.Get, $"{project.Path}/{id}/events", null, statements.Trace);

        history.Items.Select(entry => entry.GetProperty("version").GetInt32()).ShouldBe(Enumerable.Range(1, count));
        statements.Captured.Count.ShouldBeGreaterThan(count * 16_000 / (1024 * 1024), "More than 2 MiB came at once.");
    }

    private static Task<ApiResponse> ListAsync(Project project, string id, string query = "") =>
        project.SendAsync(HttpMethod.Get, $"{project.Path}/{id}/events{query}");

    private static async Task<string> CreateWithHistoryAsync(Project project, int count, int reasonLength)
    {
        var id = (await project.CreateAsync($$"""{"config_id": "c", "server_id": "s", "status_reason": "{{new string('x', reasonLength)}}"}""")).Id;
        await using var insert = TestRun.Database.CreateCommand(
            """
            INSERT INTO deployment_events (project_id, deployment_id, version, time, status, status_reason, actor, request_id)
            SELECT $1, $2, version, now(), 'IN_PROGRESS', repeat('x', $3), 'tester', 'req-1' FROM generate_series(2, $4) version
            """);
        insert.Parameters.Add(new() { Value = project.Id });
        insert.Parameters.Add(new() { Value = Guid.Parse(id) });
        insert.Parameters.Add(new() { Value = reasonLength });
        insert.Parameters.Add(new() { Value = count });
        await insert.ExecuteNonQueryAsync();
        return id;
    }
}
