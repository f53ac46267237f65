using System.Runtime.CompilerServices;
using AutoMapper;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareConfigs;
using MediatR;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// What a server's agent must apply: one configuration for each deployment of the server that the project owns and whose
/// configuration exists, by configuration name (none first), then by the deployment's creation. An unknown server has none.
/// Only the first have been read, the others are read as they are enumerated.
/// Throws <see cref="UnavailableException"/> when the database does not respond, also while the result is enumerated.
/// </summary>
/// <param name="ProjectId">The project that asks, already authorised.</param>
/// <param name="ServerId">The server.</param>
public sealed record GetServerMetadataQuery(string ProjectId, string ServerId) : IRequest<IAsyncEnumerable<SoftwareConfigDto>>;

internal sealed class GetServerMetadataHandler(
    IDeploymentQueries deployments, IConfigStore configs, SharedMetadata shared, RequestDeadline deadline, IMapper mapper)
    : IRequestHandler<GetServerMetadataQuery, IAsyncEnumerable<SoftwareConfigDto>>
{
    private const int MaxReferencesPerQuery = 1_000;

    // A configuration may be as large as a body, and each of a server's deployments may have one of its own, or all the same.
    private const int MaxConfigsPerQuery = 8;

    public async Task<IAsyncEnumerable<SoftwareConfigDto>> Handle(GetServerMetadataQuery query, CancellationToken cancellationToken)
    {
        // The first are read before this returns, while a failure of the database can still be the response.
        var references = await ListAsync(query, after: null, cancellationToken);
        var first = await ReadNextAsync(references, 0, cancellationToken);
        return ReadAsync(query, references, first, CancellationToken.None);
    }

    private async IAsyncEnumerable<SoftwareConfigDto> ReadAsync(
        GetServerMetadataQuery query,
        IReadOnlyList<AppliedConfig> references,
        ConfigBatch batch,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            for (var index = 0; index < references.Count; index++)
            {
                if (index == batch.NextIndex)
                {
                    var (list, start) = (references, index);
                    batch = await deadline.RunAsync(token => ReadNextAsync(list, start, token), cancellationToken);
                }

                // Configurations that were deleted in the meantime are skipped.
                if (batch.Configs.TryGetValue(references[index].ConfigId, out var config))
                {
                    yield return config;
                }
            }

            if (references.Count < MaxReferencesPerQuery)
            {
                yield break;
            }

            var last = references[^1];
            references = await deadline.RunAsync(token => ListAsync(query, last, token), cancellationToken);
            batch = ConfigBatch.None;
        }
    }

    private Task<IReadOnlyList<AppliedConfig>> ListAsync(
        GetServerMetadataQuery query, AppliedConfig? after, CancellationToken cancellationToken) =>
        deployments.ListAppliedConfigsAsync(
            query.ProjectId, query.ServerId, shared.IsIncluded, after, MaxReferencesPerQuery, cancellationToken);

    /// <summary>Reads the next configurations, each once, for as many consecutive references as refer to no others.</summary>
    private async Task<ConfigBatch> ReadNextAsync(IReadOnlyList<AppliedConfig> references, int start, CancellationToken cancellationToken)
    {
        var keys = new HashSet<ConfigKey>();
        var end = start;
        for (; end < references.Count; end++)
        {
            var key = new ConfigKey(references[end].ProjectId, references[end].ConfigId);
            if (keys.Count == MaxConfigsPerQuery && !keys.Contains(key))
            {
                break;
            }

            keys.Add(key);
        }

        var found = keys.Count == 0 ? [] : await configs.FindAsync(keys, cancellationToken);
        return new ConfigBatch(found.ToDictionary(config => config.Id, mapper.Map<SoftwareConfigDto>), end);
    }

    /// <param name="Configs">The configurations by their ids, which no two projects share.</param>
    /// <param name="NextIndex">The first reference whose configuration was not read with them.</param>
    private sealed record ConfigBatch(IReadOnlyDictionary<Guid, SoftwareConfigDto> Configs, int NextIndex)
    {
        public static readonly ConfigBatch None = new(new Dictionary<Guid, SoftwareConfigDto>(), NextIndex: 0);
    }
}

/// <summary>Whether a server's metadata includes the configurations that other projects apply to it (<c>Deployments:SharedMetadata</c>).</summary>
/// <param name="IsIncluded">
/// False: only what the project itself applies, so that no other project can have its scripts run on this project's servers.
/// </param>
public sealed record SharedMetadata(bool IsIncluded);
