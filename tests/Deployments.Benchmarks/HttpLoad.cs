using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Deployments.Benchmarks;

/// <summary>Requests from many connections at once, made by wrk, which leaves most of a small machine to the measured processes.</summary>
internal sealed partial class HttpLoad
{
    public const string Generator = "wrk -t1";

    private const string KeyMark = "A-KEY-OF-ITS-OWN";
    private const char Separator = '\u0001';

    private readonly string script;
    private readonly Uri address;
    private readonly Request first;

    public HttpLoad(DirectoryInfo folder, Uri address, IEnumerable<Request> requests)
    {
        var all = requests.ToList();
        this.address = address;
        first = all[0];
        script = Path.Combine(folder.FullName, $"{Guid.NewGuid()}.lua");

        // Beside the script: a function of Lua has a maximum number of constants.
        var texts = Path.ChangeExtension(script, "requests");
        File.WriteAllText(texts, string.Join(Separator, all.Select(TextOf)));
        File.WriteAllText(
            script,
            $$"""
            local requests, tails = {}, {}
            init = function(args)
              for text in io.open('{{texts}}', 'rb'):read('*a'):gmatch('[^{{Separator}}]+') do requests[#requests + 1] = text end
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
    }

    /// <summary>Whether the requests are meant to have errors as responses.</summary>
    public bool ExpectsErrors { get; init; }

    /// <summary>Requests that the service does nothing for but verify their token: what any request costs at least.</summary>
    public static HttpLoad UnknownPath(Bench bench, ServiceProcess service, IEnumerable<(string Project, string Token)> callers) => new(
        bench.Folder, service.Address, callers.Select(caller => new Request("GET", $"/v1/{caller.Project}/unknown", caller.Token, Body: null)))
    {
        ExpectsErrors = true,
    };

    public async Task<Load> RunAsync(int connections, int seconds = Measurement.Seconds)
    {
        if (ExpectsErrors)
        {
            await ExpectNotFoundAsync();
        }

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

    // Another error than the one that is meant would be measured in its place.
    private async Task ExpectNotFoundAsync()
    {
        using var http = new HttpClient { BaseAddress = address };
        using var request = new HttpRequestMessage(HttpMethod.Get, first.Path);
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {first.Token}");
        using var response = await http.SendAsync(request);
        if (response.StatusCode != System.Net.HttpStatusCode.NotFound)
        {
            throw new InvalidOperationException($"{first.Path} is not unknown, but {response.StatusCode}.");
        }
    }

    private string TextOf(Request request)
    {
        var body = request.Body?.Trim() ?? string.Empty;
        string?[] lines =
        [
            $"{request.Method} {request.Path} HTTP/1.1",
            $"Host: {address.Authority}",
            request.Token is null ? null : $"Authorization: Bearer {request.Token}",
            request.EntityTag is null ? null : $"If-None-Match: {request.EntityTag}",
            request.IsKeyed ? $"Idempotency-Key: {KeyMark}" : null,
            request.Body is null ? null : "Content-Type: application/json",
            request.Body is null ? null : $"Content-Length: {Encoding.UTF8.GetByteCount(body)}",
        ];
        return $"{string.Join("\r\n", lines.OfType<string>())}\r\n\r\n{body}";
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
    /// <param name="Token">The token of the caller, if it needs one.</param>
    /// <param name="Body">The body, if there is one.</param>
    /// <param name="IsKeyed">Whether each request has an idempotency key of its own.</param>
    internal sealed record Request(string Method, string Path, string? Token, string? Body, bool IsKeyed = false)
    {
        /// <summary>Sent as <c>If-None-Match</c>.</summary>
        public string? EntityTag { get; init; }
    }
}

/// <summary>What a load generator measured: requests per second, and the 50th and 99th percentile of the latency.</summary>
internal sealed record Load(double Rate, double P50Milliseconds, double P99Milliseconds);
