namespace Deployments.Benchmarks;

/// <summary>The cost of validating a token: callers with cached tokens compared with callers whose token is new each time.</summary>
internal static class TokensBenchmark
{
    private const string Project = "tokens";
    private const int Connections = 64;
    private const int Runs = 5;

    // Far more than the service caches, so that each is evicted before it is sent again.
    private const int Strangers = 20_000;

    public static async Task RunAsync(Bench bench)
    {
        await using var service = await bench.StartServiceAsync();
        var known = Known(bench, service);

        Console.WriteLine($"{Runs} runs of {Measurement.Seconds} s each, alternating, after a warm-up; {HttpLoad.Generator}:");
        Console.WriteLine(Measurement.Header("requests /s, token seen before", "requests /s, token never seen before"));
        foreach (var ecdsa in new[] { false, true })
        {
            var strangers = NeverSeen(bench, service, ecdsa);
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

        Console.WriteLine($"Memory of the service at the end: {service.Memory:F0} MiB");
    }

    /// <summary>Requests of one caller, whose token is cached.</summary>
    public static HttpLoad Known(Bench bench, ServiceProcess service) => Gets(bench, service, ["a caller"], ecdsa: false);

    /// <summary>Requests of so many callers that none of their tokens is cached.</summary>
    public static HttpLoad NeverSeen(Bench bench, ServiceProcess service, bool ecdsa) =>
        Gets(bench, service, Enumerable.Range(1, Strangers).Select(n => $"stranger-{n}"), ecdsa);

    // Nothing but the token is looked at: any other request costs more.
    private static HttpLoad Gets(Bench bench, ServiceProcess service, IEnumerable<string> subjects, bool ecdsa) =>
        HttpLoad.UnknownPath(bench, service, subjects.Select(subject => (Project, bench.CreateToken(Project, subject, ecdsa))));
}
