namespace Deployments.Benchmarks;

/// <summary>What it costs to check a token: callers who come back beside callers who each come with a token never seen before.</summary>
internal static class TokensBenchmark
{
    private const int Connections = 64;
    private const int Runs = 5;

    // Far more than the service remembers, so that each is forgotten before it comes again.
    private const int Strangers = 20_000;

    public static async Task RunAsync(Bench bench)
    {
        await using var service = await bench.StartServiceAsync();
        var known = Gets(bench, service, ["a caller"], ecdsa: false);

        Console.WriteLine($"{Runs} runs of {Measurement.Seconds} s each, alternating, after a warm-up; {HttpLoad.Generator}:");
        Console.WriteLine(Measurement.Header("GET /s, token seen before", "GET /s, token never seen before"));
        foreach (var ecdsa in new[] { false, true })
        {
            var strangers = Gets(bench, service, Enumerable.Range(1, Strangers).Select(n => $"stranger-{n}"), ecdsa);
            var (cached, checkedAnew) = (new List<Measurement>(), new List<Measurement>());
            for (var run = 0; run <= Runs; run++)
            {
                var one = await Measurement.TakeAsync(bench, service, () => known.RunAsync(Connections));
                var other = await Measurement.TakeAsync(bench, service, () => strangers.RunAsync(Connections));
                if (run > 0)
                {
                    cached.Add(one);
                    checkedAnew.Add(other);
                }
            }

            Console.WriteLine(Measurement.Row($"{Connections}, {(ecdsa ? "ES256" : "RS256")}", cached, checkedAnew));
        }

        Console.WriteLine($"Memory of the service after it all: {service.Memory:F0} MiB");
    }

    // A list of a project that has nothing: the least that a request with a token can ask for.
    private static HttpLoad Gets(Bench bench, ServiceProcess service, IEnumerable<string> subjects, bool ecdsa) => new(
        bench.Folder,
        service.Address,
        subjects.Select(subject => new HttpLoad.Request(
            "GET", "/v1/tokens/software_deployments?limit=1", bench.CreateToken("tokens", subject, ecdsa), Body: null)));
}
