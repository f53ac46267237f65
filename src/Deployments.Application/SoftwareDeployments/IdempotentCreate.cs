using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>What a request created: now, or when it was first sent.</summary>
/// <param name="Value">What was created, as it stands.</param>
/// <param name="Replayed">Whether an earlier request with the same idempotency key had created it.</param>
public sealed record CreateResult<T>(T Value, bool Replayed);

internal static class IdempotentCreate
{
    /// <summary>Creates deployments, all or none; with a key once, however often the request comes.</summary>
    /// <param name="commands">Where to.</param>
    /// <param name="requested">What to create in the caller's project.</param>
    /// <param name="now">When.</param>
    /// <param name="fingerprint">The hash of what was asked for: two requests with one key must ask for the same.</param>
    /// <param name="key">The request's idempotency key, if it has one.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="references">Which configurations they may name.</param>
    /// <param name="configIdOf">How the caller is told of the configuration that the deployment of this index names.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public static async Task<CreateResult<IReadOnlyList<SoftwareDeployment>>> CreateAsync(
        this IDeploymentCommands commands,
        IReadOnlyList<NewDeployment?> requested,
        DateTimeOffset now,
        Func<byte[]> fingerprint,
        string? key,
        Caller caller,
        ConfigReferences references,
        Func<int, string> configIdOf,
        CancellationToken cancellationToken)
    {
        var hash = key is null ? [] : fingerprint();
        List<SoftwareDeployment> deployments =
        [
            .. requested.Select((deployment, index) => deployment!.Create(
                caller.ProjectId, now, key is null ? null : new IdempotencyKey(key, index, hash))),
        ];

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
            return new(deployments, Replayed: false);
        }

        if (!earlier.All(deployment => hash.AsSpan().SequenceEqual(deployment.IdempotencyKey?.RequestHash)))
        {
            throw new ConflictException("The Idempotency-Key was used before, for another body.");
        }

        if (earlier.Count < deployments.Count)
        {
            throw new ConflictException("Some of the deployments that were created with this Idempotency-Key are gone.");
        }

        DeploymentMetrics.Replayed.Add(earlier.Count);
        return new(earlier, Replayed: true);
    }
}
