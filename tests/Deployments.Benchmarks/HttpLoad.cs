using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Deployments.Benchmarks;

/// <summary>Requests from many connections at once, made by wrk, which leaves most of a small machine to the measured processes.</summary>
internal sealed partial class HttpLoad
{
    public const string Generator = "wrk -t1";

    private const string KeyMark = "A-KEY-OF-ITS-OWN";

    private readonly string script;
    private readonly Uri address;

    public HttpLoad(DirectoryInfo folder, Uri address, IEnumerable<Request> requests)
    {
        this.address = address;
        script = Path.Combine(folder.FullName, $"{Guid.NewGuid()}.lua");
        var lua = new StringBuilder("local requests, tails = {}, {}\ninit = function(args)\n");
        foreach (var request in requests)
        {
            var body = request.Body is null ? "nil" : $"[==[{request.Body.Trim()}]==]";
            var key = request.IsKeyed ? $", ['Idempotency-Key'] = '{KeyMark}'" : string.Empty;
            lua.Append(
                CultureInfo.InvariantCulture,
                $"  requests[#requests + 1] = wrk.format('{request.Method}', '{request.Path}', {{['Authorization'] = 'Bearer {request.Token}', ['Content-Type'] = 'application/json', ['Host'] = '{address.Authority}'{key}}}, {body})\n");
        }

        lua.Append(
            $$"""
              for i, text in ipairs(requests) do
                local from, to = text:find('{{KeyMark}}', 1, true)
                if from then tails[i] = text:sub(to + 1); requests[i] = text:sub(1, from - 1) end
              end
            end
            local n, sent = 0, 0
            request = function()
              n = n % #requests + 1
              if not tails[n] then return requests[n] end
              sent = sent + 1
              return requests[n] .. 'key-' .. sent .. tails[n]
            end

            """);
        File.WriteAllText(script, lua.ToString());
    }

    /// <summary>Whether the requests are meant to have errors as responses.</summary>
    public bool ExpectsErrors { get; init; }

    public async Task<Load> RunAsync(int connections, int seconds = Measurement.Seconds)
    {
        var printed = await Bench.RunAsync(
            "wrk", ["-t1", $"-c{connections}", $"-d{seconds}s", "--latency", "--timeout", "10s", "-s", script, address.ToString()]);
        if ((printed.Contains("Non-2xx", StringComparison.Ordinal) && !ExpectsErrors) || printed.Contains("Socket errors", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"Not every request succeeded: {printed}");
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

    /// <param name="Method">The method.</param>
    /// <param name="Path">From the root.</param>
    /// <param name="Token">The token of the caller.</param>
    /// <param name="Body">The body, if there is one.</param>
    /// <param name="IsKeyed">Whether each request has an idempotency key of its own.</param>
    internal sealed record Request(string Method, string Path, string Token, string? Body, bool IsKeyed = false);
}

/// <summary>What a load generator measured: requests per second, and the 50th and 99th percentile of the latency.</summary>
internal sealed record Load(double Rate, double P50Milliseconds, double P99Milliseconds);
