using System.Text.Json;
using AutoMapper;
using Deployments.Application.Agents;
using Deployments.Application.Common;
using Deployments.Application.Common.Paging;
using Deployments.Domain.Agents;
using Deployments.Domain.SoftwareConfigs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public class GetAgentDocumentTests
{
    private readonly ServiceProvider provider = UseCases.Build();

    [OneTimeTearDown]
    public void Dispose() => provider.Dispose();

    [TestCase(0)]
    [TestCase(1, 1)]
    [TestCase(8, 8)]
    [TestCase(9, 8, 1)]
    [TestCase(500, 8, 16, 32, 64, 128, 128, 124)]
    public async Task Document_of_any_length_is_whole_and_read_in_growing_chunks(int length, params int[] reads)
    {
        var store = new Store(length);

        (await ReadAsync(store)).ShouldBe(store.Ids);

        store.Reads.ShouldBe(reads);
    }

    [Test]
    public async Task Document_of_large_configs_is_read_in_chunks_as_large_as_fit()
    {
        var store = new Store(10) { MaxAtOnce = 2 };

        (await ReadAsync(store)).ShouldBe(store.Ids);

        store.Reads.ShouldBe([8, 2, 4, 2, 2]); // one that was not too large is followed by one twice as large
    }

    [Test]
    public async Task Document_leaves_out_deployments_that_were_deleted_meanwhile([Values(1, 3, 1_000)] int maxAtOnce)
    {
        var store = new Store(60) { MaxAtOnce = maxAtOnce };
        store.Deleted.UnionWith([.. store.Ids.Where((_, index) => index % 3 == 0), .. store.Ids.Skip(20).Take(20)]);

        (await ReadAsync(store)).ShouldBe(store.Ids.Where(id => !store.Deleted.Contains(id)));
    }

    [Test]
    public async Task Document_is_read_only_as_it_is_consumed()
    {
        var store = new Store(100);

        var document = await SendAsync(store);
        store.Reads.ShouldBe([8]);
        (await document.Items!.Take(9).CountAsync()).ShouldBe(9);

        store.Reads.ShouldBe([8, 16]);
    }

    [Test]
    public async Task Fingerprint_is_another_for_other_runs_deadlines_and_orders_and_for_another_form()
    {
        var store = new Store(2);
        var first = (await SendAsync(store)).Fingerprint;
        var runs = store.Runs;

        (await SendAsync(store)).Fingerprint.ShouldBe(first);
        (await SendAsync(store, form: "another")).Fingerprint.ShouldNotBe(first);
        foreach (var others in new List<ListedRun>[]
        {
            [], [runs[0]], [runs[1], runs[0]], [runs[0] with { Run = Guid.NewGuid() }, runs[1]], [runs[0], runs[1] with { Deadline = DateTimeOffset.UnixEpoch }],
            [runs[0] with { DeploymentId = Guid.NewGuid() }, runs[1]],
        })
        {
            store.Runs = others;
            (await SendAsync(store)).Fingerprint.ShouldNotBe(first);
        }
    }

    private async Task<List<Guid>> ReadAsync(Store store) => await (await SendAsync(store)).Items!.Select(item => Guid.Parse(item.Name)).ToListAsync();

    private Task<AgentDocument> SendAsync(Store store, string form = "a form")
    {
        var deadline = new RequestDeadline(Options.Create(new TimeBudgets()), TimeProvider.System);
        var handler = new GetAgentDocumentHandler(
            store, waiter: null!, sharedReads: null!, turns: null!, deadline, TimeProvider.System, provider.GetRequiredService<IMapper>());
        return handler.Handle(new GetAgentDocumentQuery("project", Guid.NewGuid(), new Addresses(form)), CancellationToken.None);
    }

    private sealed class Addresses(string form) : IAgentAddresses
    {
        public string Form => form;

        public string CreateDocumentUrl(string projectId, Guid agentId) => "a document";

        public string CreateSignalUrl(string projectId, Guid agentId, Guid deploymentId, Guid run) => "a signal";

        public IEnumerable<string> ComputeDocumentMacs(string projectId, Guid agentId) => [];

        public IEnumerable<string> ComputeSignalMacs(string projectId, Guid agentId, Guid deploymentId, Guid run) => [];
    }

    private sealed class Store : IAgentStore
    {
        public Store(int length) =>
            Runs = [.. Enumerable.Range(0, length).Select(_ => Guid.CreateVersion7()).Select(id => new ListedRun(id, id, Deadline: null))];

        public List<ListedRun> Runs { get; set; }

        public IReadOnlyList<Guid> Ids => Runs.ConvertAll(run => run.DeploymentId);

        public HashSet<Guid> Deleted { get; } = [];

        public int MaxAtOnce { get; init; } = int.MaxValue;

        /// <summary>How many were requested, each time.</summary>
        public List<int> Reads { get; } = [];

        public Task<AgentRuns?> ListRunsAsync(string projectId, Guid id, CancellationToken cancellationToken) =>
            Task.FromResult<AgentRuns?>(new AgentRuns("server", Runs));

        public Task<Chunk<DeploymentToApply>> ReadAsync(string projectId, IReadOnlyList<Guid> ids, CancellationToken cancellationToken)
        {
            Reads.Add(ids.Count);
            var existing = ids.Where(id => !Deleted.Contains(id)).ToList();
            return Task.FromResult(new Chunk<DeploymentToApply>(
                [.. existing.Take(MaxAtOnce).Select(Applied)], IsTruncated: existing.Count > MaxAtOnce));
        }

        public void MarkSeen(string projectId, Guid id)
        {
            // Nothing to do.
        }

        public Task<Agent> AddAsync(Func<Agent> create, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<bool> DeleteAsync(string projectId, string serverId, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<bool> ExistsAsync(string projectId, Guid id, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<ConfigOutput>?> FindOutputsAsync(
            string projectId, Guid agentId, Guid deploymentId, CancellationToken cancellationToken) => throw new NotSupportedException();

        private static DeploymentToApply Applied(Guid id) => new()
        {
            DeploymentId = id,
            Run = id,
            Deadline = null,
            ServerId = "server",
            Action = null,
            InputValues = null,
            Name = null,
            Group = null,
            CreationTime = DateTimeOffset.UnixEpoch,
            Config = null,
            Inputs = [],
            Outputs = [],
            Options = new Dictionary<string, JsonElement>(),
        };
    }
}
