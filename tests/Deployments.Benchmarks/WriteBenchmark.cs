using System.Globalization;

namespace Deployments.Benchmarks;

/// <summary>
/// Posting deployments over HTTP, token check and history included, beside pgbench, which inserts the same row one by one into the
/// same table of the same server with as many clients.
/// </summary>
internal static class WriteBenchmark
{
    private const int Callers = 8;
    private const int Runs = 5;
    private static readonly int[] Connections = [1, 8, 64, 256];

    // Ids in ascending order, as the service makes them.
    private const string Insert =
        """
        INSERT INTO software_deployments (project_id, id, config_id, server_id, action, input_values, status, status_reason, stack_user_project_id, creation_time, version)
        VALUES ('pgbench', lpad(to_hex(nextval('benchmark_ids')), 32, '0')::uuid, '8da95794-2ad9-4979-8ae5-739ce314c5cd',
            'ec14c864-096e-4e27-bb8a-2c2b4dc6f3f5', 'CREATE', '{"port":8080,"name":"web"}', 'IN_PROGRESS', 'Deploy data available',
            'c024bfada67845ddb17d2b0c0be8cd79', now(), 1);
        """;

    private const string Body =
        """
        {"config_id": "8da95794-2ad9-4979-8ae5-739ce314c5cd", "server_id": "ec14c864-096e-4e27-bb8a-2c2b4dc6f3f5", "action": "CREATE", "input_values": {"port": 8080, "name": "web"}, "status": "IN_PROGRESS", "status_reason": "Deploy data available", "stack_user_project_id": "c024bfada67845ddb17d2b0c0be8cd79"}
        """;

    public static async Task RunAsync(Bench bench)
    {
        await using var service = await bench.StartServiceAsync();
        await bench.ExecuteAsync("CREATE SEQUENCE IF NOT EXISTS benchmark_ids");
        var load = new HttpLoad(
            bench.Folder,
            service.Address,
            Enumerable.Range(1, Callers)
                .Select(n => new HttpLoad.Request("POST", $"/v1/caller-{n}/software_deployments", bench.CreateToken($"caller-{n}", $"writer-{n}"), Body)));
        var pgbench = new PgbenchLoad(bench, Insert);

        Console.WriteLine($"{Runs} runs of {Measurement.Seconds} s each, alternating, after a warm-up; {HttpLoad.Generator} and pgbench -M prepared:");
        Console.WriteLine(Measurement.Header("POST /s", "pgbench /s"));
        foreach (var connections in Connections)
        {
            var (posts, inserts) = (new List<Measurement>(), new List<Measurement>());
            for (var run = 0; run <= Runs; run++)
            {
                await bench.ExecuteAsync("TRUNCATE software_deployments, deployment_events; CHECKPOINT");
                var post = await Measurement.TakeAsync(bench, service, () => load.RunAsync(connections));
                await bench.ExecuteAsync("TRUNCATE software_deployments, deployment_events; CHECKPOINT");
                var insert = await Measurement.TakeAsync(bench, service, () => pgbench.RunAsync(connections));
                if (run > 0)
                {
                    posts.Add(post);
                    inserts.Add(insert);
                }
            }

            Console.WriteLine(Measurement.Row(connections.ToString(CultureInfo.InvariantCulture), posts, inserts));
        }

        Console.WriteLine($"Memory of the service after it all: {service.MemoryMiB:F0} MiB");
    }
}
