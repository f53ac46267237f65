namespace Deployments.Api.Hosting;

/// <summary>
/// Shares a limited capacity between projects. A project may hold at most as much as is then still free: a single project at most half,
/// and less the more others hold.
/// </summary>
internal sealed class ProjectShares(long capacity)
{
    private readonly Lock sync = new();
    private readonly Dictionary<string, long> held = [];
    private long free = capacity;

    /// <returns>False if it would exceed the project's share.</returns>
    public bool TryTake(string project, long amount)
    {
        lock (sync)
        {
            var own = held.GetValueOrDefault(project) + amount;
            if (own > free - amount)
            {
                return false;
            }

            held[project] = own;
            free -= amount;
            return true;
        }
    }

    public void Return(string project, long amount)
    {
        lock (sync)
        {
            free += amount;
            held[project] -= amount;
            if (held[project] == 0)
            {
                held.Remove(project);
            }
        }
    }
}
