using System.Diagnostics;
using Deployments.FaultTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FaultTests;

public sealed class MemoryTests
{
    private const int Readers = 5;
    // Long enough for buffers, pools and the garbage collector's budget to have their sizes: from then on the length makes no difference.
    private const int ShortHistory = 2_000;
    private const int ReasonLength = 16_000;
    private const int ShortDocument = 200;
    private const int LongDocument = 1_000;
    private const int ConfigLength = 1_000_000;

    [Test]
    public async Task List_events_of_a_long_history_by_several_readers_takes_little_memory()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 1);
        using var client = new Client();
        var shortHistory = await CreateWithHistoryAsync(client, services[0], postgres, ShortHistory);
        var history = await CreateWithHistoryAsync(client, services[0], postgres, TestScale.Changes);
        var cold = services[0].Memory;
        await Task.WhenAll(Enumerable.Range(0, Readers).Select(_ => client.ReadAsync(services[0], $"/{shortHistory}/events")));
        var before = services[0].Memory;

        var watch = Stopwatch.StartNew();
        var reading = Task.WhenAll(Enumerable.Range(0, Readers).Select(_ => client.ReadAsync(services[0], $"/{history}/events")));
        var max = await services[0].MaxMemoryAsync(reading);
        var lengths = await reading;

        FaultRun.Report(
            $"{TestScale.Changes} changes, {lengths[0] / 1024 / 1024} MiB, read by {Readers} in {watch.Elapsed.TotalSeconds:F1} s; "
            + $"memory {cold:F0} at first, {before:F0} after {ShortHistory} changes, at most {max:F0}, {services[0].Memory:F0} after, in MiB");
        lengths.ShouldAllBe(length => length > (long)TestScale.Changes * ReasonLength);
        (max - before).ShouldBeLessThan(ServiceLevels.MemoryGrowthOfReaders);
    }

    /// <summary>One thousand configurations of 1 MiB: what several agents read at once is many times what may be in memory.</summary>
    [Test]
    public async Task Read_documents_of_1_000_large_configs_by_several_agents_takes_little_memory()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 1);
        using var client = new Client();
        var shortDocument = await CreateDocumentAsync(client, services[0], postgres, "few", ShortDocument);
        var document = await CreateDocumentAsync(client, services[0], postgres, "many", LongDocument);
        var cold = services[0].Memory;
        var before = await services[0].MaxMemoryAsync(
            Task.WhenAll(Enumerable.Range(0, Readers).Select(_ => client.ReadAsync(services[0], shortDocument))));

        var watch = Stopwatch.StartNew();
        var reading = Task.WhenAll(Enumerable.Range(0, Readers).Select(_ => client.ReadAsync(services[0], document)));
        var max = await services[0].MaxMemoryAsync(reading);
        var lengths = await reading;

        FaultRun.Report(
            $"{LongDocument} configurations, {lengths[0] / 1024 / 1024} MiB, read by {Readers} in {watch.Elapsed.TotalSeconds:F1} s; "
            + $"memory {cold:F0} at first, at most {before:F0} for {ShortDocument} configurations and {max:F0} for all, {services[0].Memory:F0} after, in MiB");
        lengths.ShouldAllBe(length => length > (long)LongDocument * ConfigLength);
        (max - before).ShouldBeLessThan(ServiceLevels.MemoryGrowthOfDocuments);
    }

    /// <returns>The address of the document of a server with so many deployments, each of a large configuration of its own.</returns>
    private static async Task<string> CreateDocumentAsync(Client client, ServiceProcess service, Postgres postgres, string server, int count)
    {
        var document = await client.CreateAgentAsync(service, server);
        await postgres.ExecuteAsync(
            $"""
            INSERT INTO software_configs (project_id, id, creation_time, name, config, inputs, outputs, options)
            SELECT agent.project_id, gen_random_uuid(), now(), '{server}', to_json(repeat('x', {ConfigLength})), '[]', '[]', json_build_object()
            FROM agents AS agent, generate_series(1, {count}) WHERE agent.server_id = '{server}';
            INSERT INTO software_deployments (project_id, id, config_id, server_id, status, creation_time, version)
            SELECT project_id, gen_random_uuid(), id::text, '{server}', 'COMPLETE', now(), 1 FROM software_configs WHERE name = '{server}'
            """);
        return document;
    }

    private static async Task<Guid> CreateWithHistoryAsync(Client client, ServiceProcess service, Postgres postgres, int changes)
    {
        var id = (await client.CreateAsync(service, "history")).Id;
        await postgres.ExecuteAsync(
            $"""
            INSERT INTO deployment_events (project_id, deployment_id, version, time, status, status_reason, actor, request_id)
            SELECT project_id, id, change, now(), 'IN_PROGRESS', repeat('x', {ReasonLength}), 'tester', 'req-1'
            FROM software_deployments, generate_series(2, {changes + 1}) change WHERE id = '{id}'
            """);
        return id;
    }
}
