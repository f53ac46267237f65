using Deployments.Benchmarks;

const string usage = "Usage: dotnet run -c Release --project tests/Deployments.Benchmarks -- [write|update|savechanges|read|list|batch|tokens|memory|telemetry|compare|feed|streams|agents|mixed|migrate|retention|grow|all] | seed NUMBER";

if (args is [SaveChangesService.Command])
{
    await SaveChangesService.RunAsync();
    return 0;
}

if (args is ["seed", var rows])
{
    return await Seed.RunAsync(rows);
}

var benchmarks = new Dictionary<string, Func<Bench, Task>>
{
    ["write"] = WriteBenchmark.RunAsync,
    ["update"] = UpdateBenchmark.RunAsync,
    ["savechanges"] = WriteBenchmark.CompareWithSaveChangesAsync,
    ["read"] = ReadBenchmark.RunAsync,
    ["list"] = ListBenchmark.RunAsync,
    ["batch"] = BatchBenchmark.RunAsync,
    ["tokens"] = TokensBenchmark.RunAsync,
    ["memory"] = WriteBenchmark.WatchMemoryAsync,
    ["telemetry"] = TelemetryBenchmark.RunAsync,
    ["compare"] = CompareBenchmark.RunAsync,
    ["feed"] = FeedBenchmark.RunAsync,
    ["streams"] = StreamsBenchmark.RunAsync,
    ["agents"] = AgentsBenchmark.RunAsync,
    ["mixed"] = MixedBenchmark.RunAsync,
    ["migrate"] = MigrateBenchmark.RunAsync,
    ["retention"] = RetentionBenchmark.RunAsync,
    ["grow"] = GrowBenchmark.RunAsync,
};
var chosen = args is [] or ["all"] ? benchmarks.Keys : args.AsEnumerable();
if (!chosen.All(benchmarks.ContainsKey))
{
    Console.Error.WriteLine(usage);
    return 2;
}

await using var bench = await Bench.StartAsync();
foreach (var name in chosen)
{
    Console.WriteLine();
    Console.WriteLine($"## {name}");
    await benchmarks[name](bench);
}

return 0;
