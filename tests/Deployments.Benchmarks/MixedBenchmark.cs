using System.Globalization;
using System.Security.Cryptography;
using Deployments.Api.Authentication.SignedAddress;
using Deployments.Api.Json;

namespace Deployments.Benchmarks;

/// <summary>
/// What a service does all day, for five minutes: agents that read their documents, outcomes that they report, and deployments that are
/// created; and the service's memory after each minute.
/// </summary>
internal static class MixedBenchmark
{
    private const int Rows = 20_000;
    private const int Connections = 256;
    private const int Minutes = 5;
    private const int MinuteSeconds = 60;
    private const int UnknownPathSeconds = 5;

    // Of each ten requests.
    private const int Documents = 7;
    private const int Signals = 2;

    public static async Task RunAsync(Bench bench)
    {
        var key = RandomNumberGenerator.GetBytes(AgentKeys.MinBytes);
        await using var service = await bench.StartServiceAsync(("Deployments:AgentKeys:0", Convert.ToBase64String(key)));
        var deployments = Deployments(bench);
        await bench.ExecuteAsync(Agents);
        await deployments.FillAsync();
        var tokens = deployments.CreateTokens();
        var mixed = Requests(bench, service, key, tokens);
        var unknownPath = HttpLoad.UnknownPath(bench, service, tokens.Select((token, n) => (StoredDeployments.ProjectOf(n), token)));

        Console.WriteLine(
            $"{Documents * 10} % documents, {Signals * 10} % signals, {(10 - Documents - Signals) * 10} % creations, of {Rows:N0} servers; {Connections} connections, {HttpLoad.Generator}:");
        Console.WriteLine("| minute | requests /s | p50, p99 ms | processor time of the service, µs: a request, one to an unknown path with a token | CPU: service, database, generator | memory MiB |");
        Console.WriteLine("|---|---|---|---|---|---|");
        Console.WriteLine($"| before | | | | | {service.Memory:F0} |");
        for (var minute = 1; minute <= Minutes; minute++)
        {
            await deployments.FillAsync(); // else the signals of runs that have ended would change nothing
            var run = await Measurement.TakeAsync(bench, service, () => mixed.RunAsync(Connections, MinuteSeconds), MinuteSeconds);
            var nothing = await Measurement.TakeAsync(bench, service, () => unknownPath.RunAsync(Connections, UnknownPathSeconds), UnknownPathSeconds);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {minute} | {run.Load.Rate:F0} | {run.Load.P50Milliseconds:F1}, {run.Load.P99Milliseconds:F1} | {run.ServiceMicroseconds:F0}, {nothing.ServiceMicroseconds:F0} | {run.ServiceCpu:P0}, {run.DatabaseCpu:P0}, {run.GeneratorCpu:P0} | {service.Memory:F0} |"));
        }
    }

    /// <summary>The statement that stores the agents, and what they apply.</summary>
    public static string Agents => AgentsBenchmark.Fill(Rows);

    /// <summary>A deployment for each agent.</summary>
    public static StoredDeployments Deployments(Bench bench) =>
        new(bench, Rows, "'server-' || n", $"{StoredDeployments.SqlOfId("n")}::text");

    /// <summary>The requests, to a service whose key of agents is this one.</summary>
    public static HttpLoad Requests(Bench bench, ServiceProcess service, byte[] key, IReadOnlyList<string> tokens)
    {
        var addresses = new AgentAddresses(new AgentKeys([key]), baseAddress: string.Empty, TimeFormat.Utc);
        return new HttpLoad(bench.Folder, service.Address, Enumerable.Range(1, Rows).SelectMany(n => RequestsOf(addresses, tokens, n)));
    }

    private static IEnumerable<HttpLoad.Request> RequestsOf(AgentAddresses addresses, IReadOnlyList<string> tokens, int n)
    {
        for (var part = 0; part < 10; part++)
        {
            var other = ((n * 10) + part) % Rows + 1;
            var (project, id) = (StoredDeployments.ProjectOf(other), StoredDeployments.IdOf(other));
            yield return part < Documents
                ? new("GET", addresses.CreateDocumentUrl(project, id), Token: null, Body: null)
                : part < Documents + Signals
                    ? new("PUT", addresses.CreateSignalUrl(project, id, id, run: id), Token: null, AgentsBenchmark.Signal)
                    : new(
                        "POST",
                        $"/v1/{project}/software_deployments",
                        tokens[other % tokens.Count],
                        $$"""{"config_id": "{{id}}", "server_id": "another-{{other}}", "action": "CREATE"}""");
        }
    }
}
