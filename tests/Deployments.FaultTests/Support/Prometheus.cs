using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using NUnit.Framework;

namespace Deployments.FaultTests.Support;

/// <summary>Debian's Prometheus, which scrapes one page every second.</summary>
internal sealed class Prometheus : IAsyncDisposable
{
    private const string Program = "/usr/bin/prometheus";

    private readonly string folder;
    private readonly Process process;
    private readonly CleanupWatchdog watchdog;
    private readonly HttpClient http;

    private Prometheus(string folder, int port, Process process)
    {
        (this.folder, this.process) = (folder, process);
        watchdog = new CleanupWatchdog("""kill -9 "$1"; rm -rf "$2" """, $"{process.Id}", folder);
        http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{port}/api/v1/") };
    }

    /// <summary>All that it has logged.</summary>
    public string Log => File.ReadAllText(Path.Combine(folder, "log"));

    public static void Require()
    {
        if (!File.Exists(Program))
        {
            Assert.Ignore($"{Program} is not installed (Debian: apt-get install prometheus).");
        }
    }

    /// <param name="page">The address of what it scrapes; the page is <c>/metrics</c>.</param>
    /// <param name="rules">A file of rules.</param>
    public static async Task<Prometheus> StartAsync(Uri page, string rules)
    {
        var folder = Directory.CreateTempSubdirectory("prometheus").FullName;
        var configuration = Path.Combine(folder, "prometheus.yaml");
        await File.WriteAllTextAsync(
            configuration,
            $$"""
            global: { scrape_interval: 1s, evaluation_interval: 1s }
            rule_files: ["{{rules}}"]
            scrape_configs:
              - job_name: bridge
                honor_labels: true
                static_configs: [{ targets: ["{{page.Authority}}"] }]
            """);
        var port = Ports.Free();
        var process = Process.Start("/bin/sh", [
            "-c", $"exec \"$0\" \"$@\" >{folder}/log 2>&1", Program, $"--config.file={configuration}", $"--storage.tsdb.path={folder}/data",
            $"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
        ]);
        return new Prometheus(folder, port, process);
    }

    /// <summary>Runs Debian's <c>promtool</c> and returns its exit code and what it prints.</summary>
    public static async Task<(int ExitCode, string Output)> RunToolAsync(params string[] arguments)
    {
        using var tool = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec promtool \"$@\" 2>&1", "sh", .. arguments])
        {
            RedirectStandardOutput = true,
        })!;
        var output = await tool.StandardOutput.ReadToEndAsync();
        await tool.WaitForExitAsync();
        return (tool.ExitCode, output);
    }

    /// <summary>Evaluates an expression.</summary>
    /// <returns>The values of its series that have one: neither the median of nothing nor zero divided by zero.</returns>
    public async Task<IReadOnlyList<double>> QueryAsync(string expression) =>
    [
        .. (await GetAsync($"query?query={Uri.EscapeDataString(expression)}")).GetProperty("result").EnumerateArray()
            .Select(series => double.Parse(series.GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture))
            .Where(double.IsFinite),
    ];

    /// <summary>The values of a label in the series that an expression selects.</summary>
    public async Task<IReadOnlyList<string>> ListLabelValuesAsync(string label, string series) =>
    [
        .. (await GetAsync($"label/{label}/values?match[]={Uri.EscapeDataString(series)}")).EnumerateArray().Select(value => value.GetString()!),
    ];

    /// <summary>Its rules, as its interface describes them.</summary>
    public async Task<IReadOnlyList<JsonElement>> ListRulesAsync() =>
    [
        .. (await GetAsync("rules")).GetProperty("groups").EnumerateArray().SelectMany(group => group.GetProperty("rules").EnumerateArray()),
    ];

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        http.Dispose();
        watchdog.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative));
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? JsonDocument.Parse(text).RootElement.GetProperty("data")
            : throw new InvalidOperationException($"{path}: {text}");
    }
}
