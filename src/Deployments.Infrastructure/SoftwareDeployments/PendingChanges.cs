namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>The changes that wait for the same deployment, in the order in which they came.</summary>
internal sealed class PendingChanges
{
    private const int MaxGroupSize = 100;

    private readonly Dictionary<Guid, LinkedList<PendingChange>> waiting = [];

    public void Add(Guid id, PendingChange change)
    {
        lock (waiting)
        {
            if (!waiting.TryGetValue(id, out var changes))
            {
                waiting.Add(id, changes = []);
            }

            changes.AddLast(change);
        }
    }

    /// <returns>False where somebody has taken it.</returns>
    public bool Remove(Guid id, PendingChange change)
    {
        lock (waiting)
        {
            if (!waiting.TryGetValue(id, out var changes) || !changes.Remove(change))
            {
                return false;
            }

            RemoveIfEmpty(id, changes);
            return true;
        }
    }

    /// <summary>Takes one change, and with it those that wait for the same deployment and may be stored together.</summary>
    public List<PendingChange> Take(Guid id, PendingChange own)
    {
        lock (waiting)
        {
            var changes = waiting[id];
            changes.Remove(own);
            var group = new List<PendingChange> { own };
            for (var next = changes.First; !own.IsAlone && next is not null && group.Count < MaxGroupSize;)
            {
                var (node, following) = (next, next.Next);
                if (!node.Value.IsAlone)
                {
                    group.Add(node.Value);
                    changes.Remove(node);
                }

                next = following;
            }

            RemoveIfEmpty(id, changes);
            return group;
        }
    }

    /// <summary>Lets changes that were taken and not stored wait again, before all others.</summary>
    public void Return(Guid id, IEnumerable<PendingChange> taken)
    {
        lock (waiting)
        {
            if (!waiting.TryGetValue(id, out var changes))
            {
                waiting.Add(id, changes = []);
            }

            foreach (var change in taken.Reverse())
            {
                changes.AddFirst(change);
            }

            RemoveIfEmpty(id, changes);
        }
    }

    private void RemoveIfEmpty(Guid id, LinkedList<PendingChange> changes)
    {
        if (changes.Count == 0)
        {
            waiting.Remove(id);
        }
    }
}
