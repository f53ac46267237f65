using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;

namespace Deployments.Benchmarks;

/// <summary>A batch of 1,000 over HTTP compared with one INSERT … SELECT of the same 1,000 rows in psql.</summary>
internal static partial class BatchBenchmark
{
    private const int Rows = 1_000;
    private const int WarmUps = 10;
    private const int Rounds = 50;

    private const string Insert =
        """
        INSERT INTO software_deployments (project_id, id, config_id, server_id, action, input_values, status, status_reason, creation_time, version)
        SELECT 'psql', gen_random_uuid(), '8da95794-2ad9-4979-8ae5-739ce314c5cd', 'server-' || n, 'CREATE', '{"port": 8080}',
            'IN_PROGRESS', 'Deploy data available', now(), 1
        FROM generate_series(1, 1000) AS n
        """;

    public static async Task RunAsync(Bench bench)
    {
        await using var service = await bench.StartServiceAsync();
        service.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", bench.CreateToken("batch", "writer"));
        var elements = Enumerable.Range(1, Rows).Select(n =>
            $$"""
            {"config_id": "8da95794-2ad9-4979-8ae5-739ce314c5cd", "server_id": "server-{{n}}", "action": "CREATE", "input_values": {"port": 8080}, "status": "IN_PROGRESS", "status_reason": "Deploy data available"}
            """);
        var body = $$"""{"software_deployments": [{{string.Join(',', elements)}}]}""";

        var (http, psql) = (new List<double>(), new List<double>());
        for (var round = -WarmUps; round < Rounds; round++)
        {
            var started = Stopwatch.GetTimestamp();
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await service.Http.PostAsync(new Uri("/v1/batch/software_deployments/batch", UriKind.Relative), content);
            await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync();
            var overHttp = Stopwatch.GetElapsedTime(started).TotalMilliseconds;

            var printed = await bench.RunClientAsync("psql", "-X", "-c", "\\timing on", "-c", Insert);
            var inPsql = double.Parse(Timing().Match(printed).Groups[1].Value, CultureInfo.InvariantCulture);
            if (round >= 0)
            {
                http.Add(overHttp);
                psql.Add(inPsql);
            }
        }

        Console.WriteLine($"{Rounds} rounds, alternating, after {WarmUps} to warm up:");
        Console.WriteLine("| 1,000 rows | median ms | min | max |");
        Console.WriteLine("|---|---|---|---|");
        Console.WriteLine($"| batch over HTTP, history included | {http.Median():F1} | {http.Min():F1} | {http.Max():F1} |");
        Console.WriteLine($"| INSERT … SELECT in psql | {psql.Median():F1} | {psql.Min():F1} | {psql.Max():F1} |");
        Console.WriteLine($"Ratio of the medians: {http.Median() / psql.Median():F2}");
    }

    [GeneratedRegex(@"Time: ([0-9.]+) ms")]
    private static partial Regex Timing();
}
