using System.Collections.Concurrent;
using Deployments.Infrastructure.BackgroundJobs;

namespace Deployments.Infrastructure.Agents;

/// <summary>The agents that have asked this instance what to apply, and when last, until <see cref="AgentSightingsJob"/> stores it.</summary>
internal sealed class AgentSightings(TimeProvider clock)
{
    private ConcurrentDictionary<(string ProjectId, Guid Id), DateTimeOffset> seen = [];

    public void Add(string projectId, Guid id) => Volatile.Read(ref seen)[(projectId, id)] = clock.GetUtcNow();

    /// <summary>Takes what was added.</summary>
    public IReadOnlyDictionary<(string ProjectId, Guid Id), DateTimeOffset> Take() => Interlocked.Exchange(ref seen, []);
}
