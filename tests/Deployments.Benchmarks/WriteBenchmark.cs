namespace Deployments.Benchmarks;

/// <summary>
/// Posting deployments over HTTP, including token validation and events, compared with pgbench, which inserts the same row one by one
/// into the same table of the same server with as many clients.
/// </summary>
internal static class WriteBenchmark
{
    private const int Callers = 8;
    private const int Runs = 5;
    private const int WarmUpSeconds = 40; // else the compiler's work counts as that of requests
    private const int Many = 64;
    private const int Most = 256;
    public const string Empty = "TRUNCATE software_deployments, deployment_events; CHECKPOINT";
    private static readonly int[] Connections = [1, 8, Many, Most];
    private static readonly int[] KeyedConnections = [Many, Most];

    // Ids in ascending order, as the service creates them.
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
        var (plain, keyed) = (Posts(bench, service, keyed: false), Posts(bench, service, keyed: true));
        var pgbench = new PgbenchLoad(bench, Insert);
        var unknownPath = HttpLoad.UnknownPath(bench, service, [.. Tokens(bench)]);
        var costs = new List<string>();
        await plain.RunAsync(Many, WarmUpSeconds);
        await unknownPath.RunAsync(Many, WarmUpSeconds / 4);

        Console.WriteLine($"{Runs} runs of {Measurement.Seconds} s each, alternating, after a warm-up; {HttpLoad.Generator} and pgbench -M prepared:");
        Console.WriteLine(Measurement.Header("POST /s", "pgbench /s"));
        foreach (var connections in Connections)
        {
            var name = $"{connections}";
            var (posts, nothings) = await CompareAsync(
                bench, service, name, () => plain.RunAsync(connections), () => pgbench.RunAsync(connections), () => unknownPath.RunAsync(connections));
            costs.Add(Measurement.CostRow(name, posts, nothings));
        }

        foreach (var connections in KeyedConnections)
        {
            await CompareAsync(
                bench, service, $"{connections}, each with a key", () => keyed.RunAsync(connections), () => pgbench.RunAsync(connections));
        }

        Console.WriteLine();
        Console.WriteLine("The service's processor time for a request:");
        Console.WriteLine(Measurement.CostHeader("POST"));
        costs.ForEach(Console.WriteLine);
        Console.WriteLine($"Memory of the service at the end: {service.Memory:F0} MiB");
    }

    /// <summary>The same service writing with Entity Framework Core's SaveChanges, a DbContext and a commit per request.</summary>
    public static async Task CompareWithSaveChangesAsync(Bench bench)
    {
        await using var service = await bench.StartServiceAsync();
        await using var usual = await bench.StartServiceWithSaveChangesAsync();
        var (grouped, saved) = (Posts(bench, service, keyed: false), Posts(bench, usual, keyed: false));

        Console.WriteLine($"{Runs} runs of {Measurement.Seconds} s each, alternating, after a warm-up; {HttpLoad.Generator}:");
        Console.WriteLine(Measurement.Header("POST /s", "POST /s with SaveChanges"));
        await CompareAsync(bench, service, $"{Many}", () => grouped.RunAsync(Many), () => saved.RunAsync(Many));
    }

    /// <summary>Five minutes of load at the maximum number of connections, and the service's memory after each minute.</summary>
    public static async Task WatchMemoryAsync(Bench bench)
    {
        const int minutes = 5;
        await using var service = await bench.StartServiceAsync();
        var load = Posts(bench, service, keyed: false);
        Console.WriteLine($"| minute at {Most} connections | POST /s | memory MiB |");
        Console.WriteLine("|---|---|---|");
        Console.WriteLine($"| before | | {service.Memory:F0} |");
        for (var minute = 1; minute <= minutes; minute++)
        {
            var run = await load.RunAsync(Most, seconds: 60);
            Console.WriteLine($"| {minute} | {run.Rate:F0} | {service.Memory:F0} |");
        }
    }

    public static HttpLoad Posts(Bench bench, ServiceProcess service, bool keyed) => new(
        bench.Folder,
        service.Address,
        Tokens(bench).Select(caller => new HttpLoad.Request("POST", $"/v1/{caller.Project}/software_deployments", caller.Token, Body, keyed)));

    private static IEnumerable<(string Project, string Token)> Tokens(Bench bench) =>
        Enumerable.Range(1, Callers).Select(n => ($"caller-{n}", bench.CreateToken($"caller-{n}", $"writer-{n}")));

    /// <returns>The runs that were measured, and those of requests that do nothing, between them.</returns>
    private static async Task<(List<Measurement> Measured, List<Measurement> Nothing)> CompareAsync(
        Bench bench, ServiceProcess service, string name, Func<Task<Load>> measured, Func<Task<Load>> reference, Func<Task<Load>>? nothing = null)
    {
        var (posts, others, nothings) = (new List<Measurement>(), new List<Measurement>(), new List<Measurement>());
        for (var run = 0; run <= Runs; run++)
        {
            await bench.ExecuteAsync(Empty);
            var post = await Measurement.TakeAsync(bench, service, measured);
            await bench.ExecuteAsync(Empty);
            var other = await Measurement.TakeAsync(bench, service, reference);
            if (run > 0)
            {
                posts.Add(post);
                others.Add(other);
            }

            if (nothing is not null && await Measurement.TakeAsync(bench, service, nothing) is var least && run > 0)
            {
                nothings.Add(least);
            }
        }

        Console.WriteLine(Measurement.Row(name, posts, others));
        return (posts, nothings);
    }
}
