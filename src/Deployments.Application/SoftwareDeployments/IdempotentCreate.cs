using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Paging;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>What a request created, now or when it was first sent.</summary>
/// <param name="Value">What was created, in its current state.</param>
/// <param name="Replayed">Whether an earlier request with the same idempotency key had created it.</param>
public sealed record CreateResult<T>(T Value, bool Replayed);

/// <summary>Creates deployments, all or none; with a key only once, however often the request is sent.</summary>
internal sealed class IdempotentCreate(
    IDeploymentCommands commands, IDeploymentQueries queries, ListReader lists, ConfigReferences references, TimeProvider clock)
{
    /// <summary>
    /// Returns what was created, now or by an earlier request. The latter is read as it is enumerated, like every list: a deployment that
    /// is deleted in the meantime is a <see cref="ConflictException"/>, so that a part never looks like the whole. The key of a single one is
    /// free again when it is deleted: then it is created anew.
    /// </summary>
    /// <param name="requested">What to create in the caller's project.</param>
    /// <param name="fingerprint">The hash of the request: two requests with the same key must be equal.</param>
    /// <param name="key">The request's idempotency key, if it has one.</param>
    /// <param name="caller">Who creates them.</param>
    /// <param name="configIdOf">The name, in errors, of the field with the configuration of the deployment at an index.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public async Task<CreateResult<IAsyncEnumerable<SoftwareDeployment>>> CreateAsync(
        IReadOnlyList<NewDeployment?> requested,
        Func<byte[]> fingerprint,
        string? key,
        Caller caller,
        Func<int, string> configIdOf,
        CancellationToken cancellationToken)
    {
        var hash = key is null ? [] : fingerprint();
        var now = clock.GetUtcNow();
        List<SoftwareDeployment> deployments =
        [
            .. requested.Select((deployment, index) => deployment!.Create(
                caller.ProjectId, now, key is null ? null : new IdempotencyKey(key, index, hash))),
        ];

        while (true)
        {
            var outcome = await commands.AddAsync(deployments, caller, references, cancellationToken);
            if (outcome.MissingConfigIds is { Count: > 0 } unknown)
            {
                throw ConfigReferences.MissingConfigError(
                    from element in deployments.Index()
                    where unknown.Contains(element.Item.ConfigId)
                    select (configIdOf(element.Index), element.Item.ConfigId));
            }

            if (outcome.Existing is not { Count: > 0 } earlier)
            {
                DeploymentMetrics.Created.Add(deployments.Count);
                return new(deployments.ToAsyncEnumerable(), Replayed: false);
            }

            if (!earlier.All(deployment => hash.AsSpan().SequenceEqual(deployment.RequestHash)))
            {
                throw new ConflictException("The Idempotency-Key has already been used with a different body.");
            }

            if (earlier.Count < deployments.Count)
            {
                throw DeletedError();
            }

            if (deployments is [_])
            {
                var existing = await queries.ListByIdempotencyKeyAsync(caller.ProjectId, key!, after: null, count: 1, cancellationToken);
                if (existing.Items is [var single] && single.Id == earlier[0].Id)
                {
                    DeploymentMetrics.Replayed.Add(1);
                    return new(existing.Items.ToAsyncEnumerable(), Replayed: true);
                }

                continue;
            }

            var replay = await lists.ReadAsync<SoftwareDeployment, int>(
                limit: earlier.Count,
                marker: null,
                (after, count, token) => ReadNextAsync(caller.ProjectId, key!, earlier, after, count, token),
                deployment => deployment.IdempotencyKey!.Index,
                cancellationToken);
            DeploymentMetrics.Replayed.Add(earlier.Count);
            return new(replay, Replayed: true);
        }
    }

    private static ConflictException DeletedError() =>
        new("Some of the deployments that were created with this Idempotency-Key have been deleted.");

    private async Task<Chunk<SoftwareDeployment>> ReadNextAsync(
        string projectId, string key, IReadOnlyList<ExistingDeployment> all, int? after, int count, CancellationToken cancellationToken)
    {
        var chunk = await queries.ListByIdempotencyKeyAsync(projectId, key, after, count, cancellationToken);
        var expected = all.Skip(after + 1 ?? 0).Take(chunk.IsTruncated ? chunk.Items.Count : count).Select(deployment => deployment.Id);
        return chunk.Items.Select(deployment => deployment.Id).SequenceEqual(expected) ? chunk : throw DeletedError();
    }
}
