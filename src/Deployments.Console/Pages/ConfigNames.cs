using System.Net;
using Deployments.Client;

namespace Deployments.WebConsole.Pages;

/// <summary>The names of configurations, by their ids.</summary>
internal sealed class ConfigNames
{
    private const int FromList = 1_000;
    private const int AtOnce = 8;
    private const int MostOneByOne = 48;

    private readonly Dictionary<string, string?> names = new(StringComparer.Ordinal);

    /// <summary>Looks up configurations: the newest thousand in one request, 48 others one by one. Of any further one the id is shown.</summary>
    public static async Task<ConfigNames> FindAsync(
        IDeploymentsClient client, string project, IEnumerable<string> ids, CancellationToken cancellationToken)
    {
        var found = new ConfigNames();
        var wanted = ids.Where(id => Guid.TryParse(id, out _)).ToHashSet(StringComparer.Ordinal);
        if (wanted.Count > 1)
        {
            foreach (var config in (await client.ListSoftwareConfigsAsync(project, FromList, cancellationToken: cancellationToken)).SoftwareConfigs)
            {
                found.names[config.Id.ToString()] = config.Name;
            }
        }

        foreach (var some in wanted.Where(id => !found.names.ContainsKey(id)).Take(MostOneByOne).Chunk(AtOnce))
        {
            foreach (var (id, name, exists) in await Task.WhenAll(some.Select(id => FindAsync(client, project, id, cancellationToken))))
            {
                if (exists)
                {
                    found.names[id] = name;
                }
            }
        }

        return found;
    }

    /// <summary>The configuration with this id.</summary>
    public AppliedConfig Of(string id) => names.TryGetValue(id, out var name) ? new AppliedConfig(id, name, Exists: true) : new AppliedConfig(id, Name: null, Exists: false);

    private static async Task<(string Id, string? Name, bool Exists)> FindAsync(
        IDeploymentsClient client, string project, string id, CancellationToken cancellationToken)
    {
        try
        {
            return (id, (await client.GetSoftwareConfigAsync(project, Guid.Parse(id), cancellationToken: cancellationToken)).SoftwareConfig.Name, true);
        }
        catch (DeploymentsException exception) when (exception.StatusCode == (int)HttpStatusCode.NotFound)
        {
            return (id, null, false);
        }
    }
}

/// <summary>A configuration to which a deployment refers.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name; null if it has none.</param>
/// <param name="Exists">Whether the project has it: a deployment may refer to one that is kept elsewhere.</param>
public sealed record AppliedConfig(string Id, string? Name, bool Exists)
{
    /// <inheritdoc cref="LabelOf"/>
    public string Label => LabelOf(Name, Id);

    /// <summary>What a configuration is called: its name, else its id.</summary>
    public static string LabelOf(string? name, string id) => string.IsNullOrEmpty(name) ? id : name;
}
