using System.Diagnostics;
using System.Net.Http.Headers;

namespace Deployments.Benchmarks;

/// <summary>Lists of a project of 1,000,000 deployments: the memory of the whole list, and the time of a page by position.</summary>
internal static class ListBenchmark
{
    private const int Rows = 1_000_000;
    private const int Servers = 1_000;
    private const int WholeLists = 3;
    private const int Pages = 300;
    private const string InputValues = """{"port": 8080, "name": "web"}""";

    public static async Task RunAsync(Bench bench)
    {
        await using var service = await bench.StartServiceAsync();
        await SeedAsync(bench, "large", Rows);
        await SeedAsync(bench, "small", 10);
        await bench.ExecuteAsync("VACUUM ANALYZE software_deployments");

        var client = service.Http;
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", bench.CreateToken("large", "reader"));
        await PagesAsync(bench, service);
        await WholeAsync(service);
    }

    private static Task SeedAsync(Bench bench, string project, int rows) => bench.ExecuteAsync(
        $"""
        INSERT INTO software_deployments (project_id, id, config_id, server_id, action, input_values, status, status_reason, creation_time, version)
        SELECT '{project}', {IdOf("n")}, 'config-' || n % {Servers}, 'server-' || n % {Servers}, 'CREATE',
            '{InputValues}', 'IN_PROGRESS', 'Deploy data available', now(), 1
        FROM generate_series(1, {rows}) AS n
        """);

    // UUIDs of version 7, one per millisecond, as the service creates them.
    private static string IdOf(string n) => $"(lpad(to_hex(1700000000000 + {n}), 12, '0') || '70008000' || lpad(to_hex({n}), 12, '0'))::uuid";

    private static async Task PagesAsync(Bench bench, ServiceProcess service)
    {
        var small = bench.CreateToken("small", "reader");
        var (nearEnd, serverNearEnd) = (await IdAsync(bench, Rows - 100), await IdAsync(bench, Rows - (100 * Servers)));
        var requests = new (string Name, string Path, string? Token)[]
        {
            ("project of ten rows, its one page", "/v1/small/software_deployments?limit=100", small),
            ("first page of 100", "/v1/large/software_deployments?limit=100", null),
            ("last page of 100", $"/v1/large/software_deployments?limit=100&marker={nearEnd}", null),
            ("first page of 100 of a server", "/v1/large/software_deployments?limit=100&server_id=server-0", null),
            ("last page of 100 of a server", $"/v1/large/software_deployments?limit=100&server_id=server-0&marker={serverNearEnd}", null),
        };
        var times = requests.ToDictionary(request => request.Name, _ => new List<double>());

        for (var round = 0; round < Pages; round++)
        {
            foreach (var (name, path, token) in requests)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, path);
                request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
                var started = Stopwatch.GetTimestamp();
                using var response = await service.Http.SendAsync(request);
                await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync();
                if (round >= Pages / 10)
                {
                    times[name].Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                }
            }
        }

        Console.WriteLine($"Pages, {Pages} rounds, alternating, after a warm-up of a tenth of them:");
        Console.WriteLine("| page | median ms | p99 ms |");
        Console.WriteLine("|---|---|---|");
        foreach (var (name, measured) in times)
        {
            Console.WriteLine($"| {name} | {measured.Median():F2} | {measured.Quantile(0.99):F2} |");
        }

        Console.WriteLine($"Last page ÷ first page: {Ratio(2, 1):F2}; the same of a server: {Ratio(4, 3):F2}");
        double Ratio(int above, int below) => times[requests[above].Name].Median() / times[requests[below].Name].Median();
    }

    private static async Task<Guid> IdAsync(Bench bench, int n)
    {
        await using var command = bench.Database.CreateCommand($"SELECT {IdOf(n.ToString(System.Globalization.CultureInfo.InvariantCulture))}");
        return (Guid)(await command.ExecuteScalarAsync())!;
    }

    private static async Task WholeAsync(ServiceProcess service)
    {
        Console.WriteLine();
        Console.WriteLine($"The whole list of {Rows:N0}, without a limit:");
        Console.WriteLine("| run | first byte ms | whole s | MiB sent | memory before MiB | at most MiB | growth MiB |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        for (var run = 1; run <= WholeLists; run++)
        {
            var before = service.Memory;
            var most = before;
            using var ended = new CancellationTokenSource();
            var watch = Task.Run(async () =>
            {
                while (!ended.IsCancellationRequested)
                {
                    most = Math.Max(most, service.Memory);
                    await Task.Delay(20);
                }
            });

            var started = Stopwatch.GetTimestamp();
            using var response = await service.Http.GetAsync(
                new Uri("/v1/large/software_deployments", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
            await using var body = await response.EnsureSuccessStatusCode().Content.ReadAsStreamAsync();
            var buffer = new byte[64 * 1024];
            long bytes = await body.ReadAsync(buffer);
            var first = Stopwatch.GetElapsedTime(started);
            int read;
            while ((read = await body.ReadAsync(buffer)) > 0)
            {
                bytes += read;
            }

            var whole = Stopwatch.GetElapsedTime(started);
            await ended.CancelAsync();
            await watch;
            Console.WriteLine(
                $"| {run} | {first.TotalMilliseconds:F0} | {whole.TotalSeconds:F1} | {bytes / 1048576.0:F0} | {before:F0} | {most:F0} | {most - before:F0} |");
        }
    }
}
