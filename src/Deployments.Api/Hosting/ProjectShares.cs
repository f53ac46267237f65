namespace Deployments.Api.Hosting;

/// <summary>
/// Shares something limited between projects. A project may hold as much as it leaves free: alone at most half, and the more projects
/// hold some, the less each may.
/// </summary>
internal sealed class ProjectShares(long capacity)
{
    private readonly Lock sync = new();
    private readonly Dictionary<string, long> held = [];
    private long free = capacity;

    /// <returns>False when that would be more than the project's share.</returns>
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
