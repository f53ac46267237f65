using System.Globalization;

namespace Deployments.Benchmarks;

/// <summary>
/// Changing the status of deployments over HTTP, compared with pgbench, which updates the same rows one by one and inserts an event for each,
/// with as many clients; and the processor time of such a request beside that of one that does nothing but validate a token.
/// </summary>
internal static class UpdateBenchmark
{
    private const int Rows = 4_000;
    private const int Callers = 8;
    private const int Runs = 5;
    private const int WarmUpSeconds = 40; // else the compiler's work counts as that of requests
    private static readonly int[] Connections = [8, 64, 256];
    private static readonly string[] Statuses = ["COMPLETE", "FAILED"];

    private static readonly string Update =
        $$"""
        \set n random(1, {{Rows}})
        WITH updated AS (
            UPDATE software_deployments SET
                status = CASE status WHEN 'COMPLETE' THEN 'FAILED' ELSE 'COMPLETE' END, updated_time = now(), version = version + 1
            WHERE project_id = {{ProjectOf(":n::bigint")}} AND id = {{IdOf(":n::bigint")}}
            RETURNING *)
        INSERT INTO deployment_events (
            project_id, deployment_id, version, time, action, status, status_reason, actor, request_id, server_id, config_id, deleted)
        SELECT project_id, id, version, updated_time, action, status, status_reason, 'pgbench', 'req-01a20000-0000-7000-8000-000000000000',
            server_id, config_id, false
        FROM updated;
        """;

    private static readonly string Fill =
        $$"""
        TRUNCATE software_deployments, deployment_events;
        INSERT INTO software_deployments (project_id, id, config_id, server_id, action, input_values, status, status_reason, creation_time, version)
        SELECT {{ProjectOf("n")}}, {{IdOf("n")}}, '8da95794-2ad9-4979-8ae5-739ce314c5cd', 'ec14c864-096e-4e27-bb8a-2c2b4dc6f3f5', 'CREATE',
            '{"port":8080,"name":"web"}', 'IN_PROGRESS', 'Deploy data available', now(), 1
        FROM generate_series(1, {{Rows}}) AS n;
        VACUUM ANALYZE software_deployments, deployment_events;
        CHECKPOINT
        """;

    public static async Task RunAsync(Bench bench)
    {
        await using var service = await bench.StartServiceAsync();
        var (puts, unknownPath) = (Puts(bench, service), UnknownPath(bench, service));
        var pgbench = new PgbenchLoad(bench, Update);
        var costs = new List<string>();
        await FillAsync(bench);
        await puts.RunAsync(Connections[1], WarmUpSeconds);
        await unknownPath.RunAsync(Connections[1], WarmUpSeconds / 4);

        Console.WriteLine($"{Runs} runs of {Measurement.Seconds} s each, alternating, after a warm-up; {HttpLoad.Generator} and pgbench -M prepared:");
        Console.WriteLine(Measurement.Header("PUT /s", "pgbench /s"));
        foreach (var connections in Connections)
        {
            var (changes, others, nothings) = (new List<Measurement>(), new List<Measurement>(), new List<Measurement>());
            for (var run = 0; run <= Runs; run++)
            {
                await FillAsync(bench);
                var change = await Measurement.TakeAsync(bench, service, () => puts.RunAsync(connections));
                await FillAsync(bench);
                var other = await Measurement.TakeAsync(bench, service, () => pgbench.RunAsync(connections));
                var nothing = await Measurement.TakeAsync(bench, service, () => unknownPath.RunAsync(connections));
                if (run > 0)
                {
                    changes.Add(change);
                    others.Add(other);
                    nothings.Add(nothing);
                }
            }

            Console.WriteLine(Measurement.Row(connections.ToString(CultureInfo.InvariantCulture), changes, others));
            costs.Add(CostRow(connections, changes, nothings));
        }

        Console.WriteLine();
        Console.WriteLine("The service's processor time for a request:");
        Console.WriteLine("| connections | PUT, µs | unknown path with a token, µs | ratio: median (min–max) |");
        Console.WriteLine("|---|---|---|---|");
        costs.ForEach(Console.WriteLine);
        Console.WriteLine($"Memory of the service at the end: {service.Memory:F0} MiB");
    }

    // Each status for all rows in turn, so that every request changes something.
    private static HttpLoad Puts(Bench bench, ServiceProcess service)
    {
        var tokens = Enumerable.Range(0, Callers).Select(caller => bench.CreateToken($"caller-{caller}", $"writer-{caller}")).ToList();
        return new HttpLoad(
            bench.Folder,
            service.Address,
            Statuses.SelectMany(status => Enumerable.Range(1, Rows).Select(n => new HttpLoad.Request(
                "PUT",
                $"/v1/caller-{n % Callers}/software_deployments/01a20000-0000-7000-8000-{n:x12}",
                tokens[n % Callers],
                $$"""{"status": "{{status}}"}"""))));
    }

    private static HttpLoad UnknownPath(Bench bench, ServiceProcess service) => new(
        bench.Folder,
        service.Address,
        Enumerable.Range(0, Callers).Select(caller => new HttpLoad.Request(
            "GET", $"/v1/caller-{caller}/unknown", bench.CreateToken($"caller-{caller}", $"writer-{caller}"), Body: null)))
    {
        ExpectsErrors = true,
    };

    private static async Task FillAsync(Bench bench)
    {
        foreach (var statement in Fill.Split(";\n"))
        {
            await bench.ExecuteAsync(statement); // VACUUM and CHECKPOINT run outside a transaction
        }
    }

    private static string CostRow(int connections, List<Measurement> changes, List<Measurement> nothings)
    {
        var ratios = changes.Zip(nothings, (change, nothing) => Cost(change) / Cost(nothing)).ToList();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {connections} | {changes.Select(Cost).Median():F1} | {nothings.Select(Cost).Median():F1} | **{ratios.Median():F2}** ({ratios.Min():F2}–{ratios.Max():F2}) |");
    }

    private static double Cost(Measurement run) => run.ServiceCpu / run.Load.Rate * 1_000_000;

    private static string ProjectOf(string n) => $"'caller-' || {n} % {Callers}";

    private static string IdOf(string n) => $"('01a20000-0000-7000-8000-' || lpad(to_hex({n}), 12, '0'))::uuid";
}
