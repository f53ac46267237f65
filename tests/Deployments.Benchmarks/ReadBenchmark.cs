using System.Globalization;

namespace Deployments.Benchmarks;

/// <summary>Reading a deployment over HTTP compared with pgbench, which selects the same row.</summary>
internal static class ReadBenchmark
{
    private const int Rows = 10_000;
    private const int Runs = 5;
    private const string Project = "read";
    private static readonly int[] Connections = [8, 64];

    private const string InputValues = """{"port": 8080}""";

    private static readonly string Select =
        $"""
        \set n random(1, {Rows})
        SELECT * FROM software_deployments WHERE project_id = '{Project}' AND id = {IdOf(":n::bigint")};
        """;

    public static async Task RunAsync(Bench bench)
    {
        await using var service = await bench.StartServiceAsync();
        await bench.ExecuteAsync(Fill(Rows));
        var load = Gets(bench, service, Rows);
        var pgbench = new PgbenchLoad(bench, Select);

        Console.WriteLine($"{Runs} runs of {Measurement.Seconds} s each, alternating, after a warm-up; {HttpLoad.Generator} and pgbench -M prepared:");
        Console.WriteLine(Measurement.Header("GET /s", "pgbench /s"));
        foreach (var connections in Connections)
        {
            var (gets, selects) = (new List<Measurement>(), new List<Measurement>());
            for (var run = 0; run <= Runs; run++)
            {
                var get = await Measurement.TakeAsync(bench, service, () => load.RunAsync(connections));
                var select = await Measurement.TakeAsync(bench, service, () => pgbench.RunAsync(connections));
                if (run > 0)
                {
                    gets.Add(get);
                    selects.Add(select);
                }
            }

            Console.WriteLine(Measurement.Row(connections.ToString(CultureInfo.InvariantCulture), gets, selects));
        }
    }

    /// <summary>The statement that stores so many deployments to read.</summary>
    public static string Fill(int rows) =>
        $"""
        INSERT INTO software_deployments (project_id, id, config_id, server_id, action, input_values, status, status_reason, creation_time, version)
        SELECT '{Project}', {IdOf("n")}, 'config', 'server', 'CREATE', '{InputValues}', 'IN_PROGRESS', 'Deploy data available', now(), 1
        FROM generate_series(1, {rows}) AS n;
        ANALYZE software_deployments
        """;

    /// <summary>Reads of a thousand of them, spread over all.</summary>
    public static HttpLoad Gets(Bench bench, ServiceProcess service, int rows)
    {
        var token = bench.CreateToken(Project, "reader");
        return new HttpLoad(
            bench.Folder,
            service.Address,
            Enumerable.Range(1, 1_000).Select(n => new HttpLoad.Request(
                "GET", $"/v1/{Project}/software_deployments/01a20000-0000-7000-8000-{Math.Max(1, n * rows / 1_000):x12}", token, Body: null)));
    }

    /// <summary>Pages of a list, from a thousand places of it.</summary>
    public static HttpLoad Pages(Bench bench, ServiceProcess service, int rows)
    {
        var token = bench.CreateToken(Project, "reader");
        return new HttpLoad(
            bench.Folder,
            service.Address,
            Enumerable.Range(0, 1_000).Select(n => new HttpLoad.Request(
                "GET", $"/v1/{Project}/software_deployments?limit=10&marker=01a20000-0000-7000-8000-{(n * (rows - 10) / 1_000) + 1:x12}", token, Body: null)));
    }

    private static string IdOf(string n) => $"('01a20000-0000-7000-8000-' || lpad(to_hex({n}), 12, '0'))::uuid";
}
