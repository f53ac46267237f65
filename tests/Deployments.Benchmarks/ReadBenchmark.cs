using System.Globalization;
using System.Net.Http.Headers;

namespace Deployments.Benchmarks;

/// <summary>Reading a deployment over HTTP compared with pgbench, which selects the same row; and reading one that has not changed.</summary>
internal static class ReadBenchmark
{
    private const int Rows = 10_000;
    private const int Runs = 5;
    private const int WarmUpSeconds = 40; // else the compiler's work counts as that of requests
    private const string Project = "read";
    private static readonly int[] Connections = [8, 64, 256];

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
        var (gets, unchanged) = (Gets(bench, service, Rows, Rows), await UnchangedAsync(bench, service));
        var unknownPath = HttpLoad.UnknownPath(bench, service, [(Project, bench.CreateToken(Project, "reader"))]);
        var pgbench = new PgbenchLoad(bench, Select);
        var (costs, costsUnchanged) = (new List<string>(), new List<string>());
        await gets.RunAsync(Connections[1], WarmUpSeconds);
        await unchanged.RunAsync(Connections[1], WarmUpSeconds / 4);
        await unknownPath.RunAsync(Connections[1], WarmUpSeconds / 4);

        Console.WriteLine($"{Runs} runs of {Measurement.Seconds} s each, alternating, after a warm-up; {HttpLoad.Generator} and pgbench -M prepared:");
        Console.WriteLine(Measurement.Header("GET /s", "pgbench /s"));
        foreach (var connections in Connections)
        {
            var (reads, selects, same, nothings) = (new List<Measurement>(), new List<Measurement>(), new List<Measurement>(), new List<Measurement>());
            for (var run = 0; run <= Runs; run++)
            {
                var read = await Measurement.TakeAsync(bench, service, () => gets.RunAsync(connections));
                var select = await Measurement.TakeAsync(bench, service, () => pgbench.RunAsync(connections));
                var one = await Measurement.TakeAsync(bench, service, () => unchanged.RunAsync(connections));
                var nothing = await Measurement.TakeAsync(bench, service, () => unknownPath.RunAsync(connections));
                if (run > 0)
                {
                    reads.Add(read);
                    selects.Add(select);
                    same.Add(one);
                    nothings.Add(nothing);
                }
            }

            var name = connections.ToString(CultureInfo.InvariantCulture);
            Console.WriteLine(Measurement.Row(name, reads, selects));
            Console.WriteLine(Measurement.Row($"{name}, 304", same, selects));
            costs.Add(Measurement.CostRow(name, reads, nothings));
            costsUnchanged.Add(Measurement.CostRow($"{name}, 304", same, nothings));
        }

        Console.WriteLine();
        Console.WriteLine("The service's processor time for a request:");
        Console.WriteLine(Measurement.CostHeader("GET"));
        costs.ForEach(Console.WriteLine);
        costsUnchanged.ForEach(Console.WriteLine);
        Console.WriteLine($"Memory of the service at the end: {service.Memory:F0} MiB");
    }

    /// <summary>The statement that stores so many deployments to read.</summary>
    public static string Fill(int rows) =>
        $"""
        INSERT INTO software_deployments (project_id, id, config_id, server_id, action, input_values, status, status_reason, creation_time, version)
        SELECT '{Project}', {IdOf("n")}, 'config', 'server', 'CREATE', '{InputValues}', 'IN_PROGRESS', 'Deploy data available', now(), 1
        FROM generate_series(1, {rows}) AS n;
        ANALYZE software_deployments
        """;

    /// <summary>Reads of so many of them, spread over all.</summary>
    public static HttpLoad Gets(Bench bench, ServiceProcess service, int rows, int count = 1_000)
    {
        var token = bench.CreateToken(Project, "reader");
        return new HttpLoad(
            bench.Folder,
            service.Address,
            Enumerable.Range(1, count).Select(n => new HttpLoad.Request("GET", PathOf(Math.Max(1, (int)((long)n * rows / count))), token, Body: null)));
    }

    /// <summary>Reads of so many of them by a client that has what it asks for.</summary>
    public static async Task<HttpLoad> UnchangedAsync(Bench bench, ServiceProcess service, int rows = Rows)
    {
        var token = bench.CreateToken(Project, "reader");
        using var request = new HttpRequestMessage(HttpMethod.Get, PathOf(1));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await service.Http.SendAsync(request);
        var tag = response.EnsureSuccessStatusCode().Headers.ETag!.Tag; // that of all: they were stored by one statement
        return new HttpLoad(
            bench.Folder,
            service.Address,
            Enumerable.Range(1, rows).Select(n => new HttpLoad.Request("GET", PathOf(n), token, Body: null) { EntityTag = tag }));
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

    private static string PathOf(int n) => $"/v1/{Project}/software_deployments/01a20000-0000-7000-8000-{n:x12}";

    private static string IdOf(string n) => $"('01a20000-0000-7000-8000-' || lpad(to_hex({n}), 12, '0'))::uuid";
}
