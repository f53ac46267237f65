using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Deployments.Benchmarks;

/// <summary>Requests from many connections at once, made by wrk, which leaves most of a small machine to those who are measured.</summary>
internal sealed partial class HttpLoad
{
    public const string Generator = "wrk -t1";

    private readonly string script;
    private readonly Uri address;

    public HttpLoad(DirectoryInfo folder, Uri address, IEnumerable<Request> requests)
    {
        this.address = address;
        script = Path.Combine(folder.FullName, $"{Guid.NewGuid()}.lua");
        var lua = new StringBuilder("local requests = {}\ninit = function(args)\n");
        foreach (var request in requests)
        {
            var body = request.Body is null ? "nil" : $"[==[{request.Body.Trim()}]==]";
            lua.Append(
                CultureInfo.InvariantCulture,
                $"  requests[#requests + 1] = wrk.format('{request.Method}', '{request.Path}', {{['Authorization'] = 'Bearer {request.Token}', ['Content-Type'] = 'application/json', ['Host'] = '{address.Authority}'}}, {body})\n");
        }

        lua.Append("end\nlocal n = 0\nrequest = function()\n  n = n % #requests + 1\n  return requests[n]\nend\n");
        File.WriteAllText(script, lua.ToString());
    }

    public async Task<Load> RunAsync(int connections)
    {
        var printed = await Bench.RunAsync(
            "wrk", ["-t1", $"-c{connections}", $"-d{Measurement.Seconds}s", "--latency", "--timeout", "10s", "-s", script, address.ToString()]);
        if (printed.Contains("Non-2xx", StringComparison.Ordinal) || printed.Contains("Socket errors", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"Not every request was answered as it should: {printed}");
        }

        return new Load(
            double.Parse(Rate().Match(printed).Groups[1].Value, CultureInfo.InvariantCulture),
            Milliseconds(Percentile50().Match(printed)),
            Milliseconds(Percentile99().Match(printed)));
    }

    private static double Milliseconds(Match match) =>
        double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) * match.Groups[2].Value switch { "us" => 0.001, "ms" => 1, _ => 1_000 };

    [GeneratedRegex(@"Requests/sec:\s+([0-9.]+)")]
    private static partial Regex Rate();

    [GeneratedRegex(@"50%\s+([0-9.]+)(us|ms|s)")]
    private static partial Regex Percentile50();

    [GeneratedRegex(@"99%\s+([0-9.]+)(us|ms|s)")]
    private static partial Regex Percentile99();

    internal sealed record Request(string Method, string Path, string Token, string? Body);
}

/// <summary>What a load generator saw: requests a second, and how long half and 99 % of them took at most.</summary>
internal sealed record Load(double Rate, double P50Milliseconds, double P99Milliseconds);
