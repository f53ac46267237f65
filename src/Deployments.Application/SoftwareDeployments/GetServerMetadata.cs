using System.Runtime.CompilerServices;
using AutoMapper;
using Deployments.Application.Common.Behaviours;
using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareConfigs;
using MediatR;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// What a server's agent is to apply: one configuration for each deployment of the server that the project may see and whose
/// configuration is held here, by configuration name (none first), then by the deployment's creation. An unknown server has none.
/// Only the first are here already, the rest is read as they are taken.
/// Throws <see cref="UnavailableException"/> when storage does not answer, also as they are taken.
/// </summary>
/// <param name="ProjectId">The project that asks, already authorised.</param>
/// <param name="ServerId">The server.</param>
public sealed record GetServerMetadataQuery(string ProjectId, string ServerId) : IRequest<IAsyncEnumerable<SoftwareConfigDto>>;

internal sealed class GetServerMetadataHandler(IDeploymentStore deployments, IConfigStore store, IMapper mapper)
    : IRequestHandler<GetServerMetadataQuery, IAsyncEnumerable<SoftwareConfigDto>>
{
    // A configuration may be as large as a body, and each of a server's deployments may have one of its own, or all the same.
    private const int MaxConfigsPerQuery = 8;

    public Task<IAsyncEnumerable<SoftwareConfigDto>> Handle(GetServerMetadataQuery query, CancellationToken cancellationToken) =>
        BeginAsync(query, cancellationToken).WithTimeoutAsync();

    private async Task<IAsyncEnumerable<SoftwareConfigDto>> BeginAsync(GetServerMetadataQuery query, CancellationToken cancellationToken)
    {
        var keys = await deployments.ListServerConfigsAsync(query.ProjectId, query.ServerId, cancellationToken);

        // The first come before the answer begins, so that an unreachable database can still be told.
        return ReadRemainingAsync(keys, await FindAsync(keys, 0, cancellationToken), cancellationToken);
    }

    private async IAsyncEnumerable<SoftwareConfigDto> ReadRemainingAsync(
        IReadOnlyList<ConfigKey> keys, Found found, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var index = 0; index < keys.Count; index++)
        {
            if (index == found.End)
            {
                found = await FindAsync(keys, index, cancellationToken);
            }

            if (found.Configs.TryGetValue(keys[index], out var config))
            {
                yield return config;
            }
        }
    }

    /// <summary>Reads the next configurations, each once, and for all deployments in turn that apply no other.</summary>
    private async Task<Found> FindAsync(IReadOnlyList<ConfigKey> keys, int start, CancellationToken cancellationToken)
    {
        var wanted = new HashSet<ConfigKey>();
        var end = start;
        while (end < keys.Count && (wanted.Count < MaxConfigsPerQuery || wanted.Contains(keys[end])))
        {
            wanted.Add(keys[end++]);
        }

        var configs = wanted.Count == 0 ? [] : await store.FindAsync(wanted, cancellationToken);
        return new Found(configs.ToDictionary(config => new ConfigKey(config.ProjectId, config.Id), mapper.Map<SoftwareConfigDto>), end);
    }

    /// <param name="Configs">The configurations that were there. One that was deleted meanwhile is nobody's any more.</param>
    /// <param name="End">The first deployment that they are not read for.</param>
    private sealed record Found(IReadOnlyDictionary<ConfigKey, SoftwareConfigDto> Configs, int End);
}
