using System.Collections.Concurrent;
using System.Net;
using Deployments.FaultTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FaultTests;

/// <summary>This version beside the one before on one database, as while one instance after the other is replaced.</summary>
[Explicit("Needs the published Deployments.Api.dll of the version before, named by FORMER_VERSION.")]
public sealed class UpgradeTests
{
    private const string Project = "faults";
    private const int Callers = 16;
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(20);

    private readonly ConcurrentDictionary<string, int> outcomes = new();

    [Test]
    public async Task Requests_to_both_versions_under_load_have_the_outcome_of_one()
    {
        await using var postgres = await Postgres.StartAsync();
        var settings = Services.Settings(postgres.ConnectionString);
        var program = Environment.GetEnvironmentVariable("FORMER_VERSION") ?? throw new InvalidOperationException("FORMER_VERSION is not set.");
        await using var former = await ServiceProcess.StartReadyAsync(settings, [program], TextWriter.Null);
        await using var current = await ServiceProcess.StartReadyAsync(settings, output: TextWriter.Null);
        using var client = new Client(Project);
        using var ended = new CancellationTokenSource(Time);

        await Task.WhenAll(Enumerable.Range(0, Callers).Select(async caller =>
        {
            for (var turn = caller; !ended.IsCancellationRequested; turn++)
            {
                var (from, one, other) = turn % 2 == 0 ? ("former, then current", former, current) : ("current, then former", current, former);
                await CallAsync(client, from, one, other);
            }
        }));

        foreach (var (outcome, count) in outcomes.OrderBy(outcome => outcome.Key, StringComparer.Ordinal))
        {
            FaultRun.Report($"{outcome}: {count}");
        }

        outcomes.Keys.ShouldAllBe(outcome => outcome.EndsWith(" OK", StringComparison.Ordinal) || outcome.EndsWith(" NoContent", StringComparison.Ordinal)
            || outcome.EndsWith(" same", StringComparison.Ordinal) || IsKnown(outcome));
    }

    // The former version does not know the entity tags of this one (CHANGELOG).
    private static bool IsKnown(string outcome) => outcome == "current, then former: If-Match PreconditionFailed";

    private async Task CallAsync(Client client, string from, ServiceProcess one, ServiceProcess other)
    {
        var key = Guid.NewGuid().ToString();
        var created = await client.CreateAsync(one, key, key);
        Count("create", created);
        var replayed = await client.CreateAsync(other, key, key);
        Count("replay", replayed);
        if (created.Status != HttpStatusCode.OK || replayed.Status != HttpStatusCode.OK)
        {
            return;
        }

        outcomes.AddOrUpdate($"{from}: replay is {(replayed.Id == created.Id && replayed.IsReplay ? "the same" : "another")}", 1, (_, count) => count + 1);
        var read = await client.SendAsync(one, HttpMethod.Get, $"/{created.Id}");
        Count("read", read);
        var tag = read.Response!.EntityTag;
        Count("If-Match", await client.SendAsync(other, HttpMethod.Put, $"/{created.Id}", """{"status": "COMPLETE"}""", ("If-Match", tag)));
        Count("update", await client.SendAsync(other, HttpMethod.Put, $"/{created.Id}", """{"status": "FAILED"}"""));
        Count("update back", await client.SendAsync(one, HttpMethod.Put, $"/{created.Id}", """{"status": "COMPLETE"}"""));
        if (Random.Shared.Next(4) == 0)
        {
            Count("delete", await client.SendAsync(other, HttpMethod.Delete, $"/{created.Id}"));
        }

        void Count(string request, Outcome outcome) => outcomes.AddOrUpdate(
            $"{from}: {request} {outcome.Status?.ToString() ?? outcome.Failure}", 1, (_, count) => count + 1);
    }
}
