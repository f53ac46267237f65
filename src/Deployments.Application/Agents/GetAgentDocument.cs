using System.Buffers.Binary;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using AutoMapper;
using Deployments.Application.ChangeFeed;
using Deployments.Application.Common;
using Deployments.Application.Common.Behaviours;
using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Paging;
using Deployments.Application.Common.Validation;
using FluentValidation;
using MediatR;

namespace Deployments.Application.Agents;

/// <summary>
/// What an agent applies: one run for each deployment of its server that its project owns and whose configuration exists, whatever its
/// status, by the configuration's name (none first), then by the deployment's creation. Only the first have been read, the others are read
/// as they are enumerated. With <paramref name="Wait"/> the response is held until the document differs from those in
/// <paramref name="Known"/>, or the time is up.
/// Throws <see cref="InvalidRequestException"/>, <see cref="NotFoundException"/> when the agent was revoked, also meanwhile,
/// <see cref="UnavailableException"/> when the database does not respond, also while the result is enumerated, or too many wait.
/// </summary>
/// <param name="ProjectId">The agent's project.</param>
/// <param name="AgentId">The agent.</param>
/// <param name="Addresses">Makes the addresses in the document.</param>
/// <param name="Wait">The seconds to hold the response, 1 to 50. Null: respond at once.</param>
/// <param name="Known">The documents that the agent has. Null: none, and the response is not held.</param>
public sealed record GetAgentDocumentQuery(
    string ProjectId, Guid AgentId, IAgentAddresses Addresses, int? Wait = null, KnownDocuments? Known = null)
    : IRequest<AgentDocument>, IHeldRequest;

/// <summary>The documents that an agent has.</summary>
/// <param name="Fingerprints">Their fingerprints.</param>
/// <param name="MatchesAny">Whether any document is one of them.</param>
public sealed record KnownDocuments(IReadOnlySet<string> Fingerprints, bool MatchesAny);

/// <summary>What an agent applies.</summary>
/// <param name="Fingerprint">Changes whenever the document changes.</param>
/// <param name="MetadataUrl">The address of the document, signed with the present key.</param>
/// <param name="Items">The runs; null if the agent has this document.</param>
public sealed record AgentDocument(string Fingerprint, string MetadataUrl, IAsyncEnumerable<AgentItemDto>? Items);

internal sealed class GetAgentDocumentValidator : AbstractValidator<GetAgentDocumentQuery>
{
    public GetAgentDocumentValidator() => RuleFor(query => query.Wait).IsWait();
}

internal sealed class GetAgentDocumentHandler(
    IAgentStore agents,
    IChangeWaiter waiter,
    SharedFeedReads sharedReads,
    ReadTurns turns,
    RequestDeadline deadline,
    TimeProvider clock,
    IMapper mapper)
    : IRequestHandler<GetAgentDocumentQuery, AgentDocument>
{
    // Is part of each fingerprint: another form of the document is another document.
    private const byte Format = 1;

    // A configuration may be as large as a body. What is left of a chunk is sent by the database, and not read.
    private const int FirstChunk = 8;
    private const int LargestChunk = 128;

    public async Task<AgentDocument> Handle(GetAgentDocumentQuery query, CancellationToken cancellationToken) =>
        query is { Wait: { } seconds, Known: not null }
            ? await WaitAsync(query, TimeSpan.FromSeconds(seconds), cancellationToken)
            : await deadline.RunAsync(async token => await OpenAsync(query, await ListAsync(query, token), token), cancellationToken);

    private async Task<AgentDocument> WaitAsync(GetAgentDocumentQuery query, TimeSpan time, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var listing = await turns.RunAsync(token => ListAsync(query, token), cancellationToken);
        if (!IsKnown(query, listing))
        {
            return await OpenInTimeAsync();
        }

        using var watch = waiter.WatchAgent(query.ProjectId, query.AgentId, listing.Runs.ServerId);
        while (true)
        {
            var end = await sharedReads.ReadEndAsync(query.ProjectId, cancellationToken); // before the runs, so that nothing falls between
            listing = await turns.RunAsync(token => ListAsync(query, token), cancellationToken);
            var remaining = time - clock.GetElapsedTime(started);
            if (!IsKnown(query, listing) || remaining <= TimeSpan.Zero || watch.IsStopping)
            {
                return await OpenInTimeAsync();
            }

            watch.Hold();
            if (await watch.WaitAsync(end, remaining, cancellationToken) is not null)
            {
                return await OpenInTimeAsync();
            }
        }

        Task<AgentDocument> OpenInTimeAsync() => deadline.RunAsync(token => OpenAsync(query, listing, token), cancellationToken);
    }

    private async Task<Listing> ListAsync(GetAgentDocumentQuery query, CancellationToken cancellationToken)
    {
        var runs = await agents.ListRunsAsync(query.ProjectId, query.AgentId, cancellationToken) ?? throw AgentLookup.NotFound();
        agents.MarkSeen(query.ProjectId, query.AgentId);
        return new Listing(runs, ComputeFingerprint(query.Addresses, runs));
    }

    private async Task<AgentDocument> OpenAsync(GetAgentDocumentQuery query, Listing listing, CancellationToken cancellationToken)
    {
        if (IsKnown(query, listing))
        {
            return Document(items: null);
        }

        // The first are read before this returns, while a failure of the database can still be the response.
        var ids = listing.Runs.Runs.Select(run => run.DeploymentId).ToList();
        var first = await ReadAsync(query, ids, 0, FirstChunk, cancellationToken);
        return Document(ReadAllAsync(query, ids, first, CancellationToken.None));

        AgentDocument Document(IAsyncEnumerable<AgentItemDto>? items) =>
            new(listing.Fingerprint, query.Addresses.CreateDocumentUrl(query.ProjectId, query.AgentId), items);
    }

    private async IAsyncEnumerable<AgentItemDto> ReadAllAsync(
        GetAgentDocumentQuery query,
        IReadOnlyList<Guid> ids,
        Chunk<DeploymentToApply> chunk,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (next, count) = (0, FirstChunk);
        while (true)
        {
            foreach (var deployment in chunk.Items)
            {
                var address = query.Addresses.CreateSignalUrl(query.ProjectId, query.AgentId, deployment.DeploymentId, deployment.Run);
                yield return AgentItem.Create(deployment, address, mapper);
            }

            if (chunk.IsTruncated)
            {
                var last = chunk.Items[^1].DeploymentId;
                while (ids[next++] != last)
                {
                    // Those that were deleted meanwhile.
                }

                count = chunk.Items.Count; // the next are likely to be as large
            }
            else
            {
                next += count;
                count = Math.Min(count * 2, LargestChunk);
            }

            if (next >= ids.Count)
            {
                yield break;
            }

            var (start, size) = (next, count);
            chunk = await deadline.RunAsync(token => ReadAsync(query, ids, start, size, token), cancellationToken);
        }
    }

    private Task<Chunk<DeploymentToApply>> ReadAsync(
        GetAgentDocumentQuery query, IReadOnlyList<Guid> ids, int start, int count, CancellationToken cancellationToken) =>
        ids.Count == 0
            ? Task.FromResult(new Chunk<DeploymentToApply>([], IsTruncated: false))
            : agents.ReadAsync(query.ProjectId, [.. ids.Skip(start).Take(count)], cancellationToken);

    private static bool IsKnown(GetAgentDocumentQuery query, Listing listing) =>
        query.Known is { } known && (known.MatchesAny || known.Fingerprints.Contains(listing.Fingerprint));

    /// <remarks>A run does not change, and its configuration neither: so the runs stand for all of the document.</remarks>
    private static string ComputeFingerprint(IAgentAddresses addresses, AgentRuns runs)
    {
        const int guid = 16;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData([Format]);
        hash.AppendData(SHA256.HashData(Encoding.UTF8.GetBytes(addresses.Form)));
        Span<byte> bytes = stackalloc byte[guid + guid + sizeof(long)];
        foreach (var run in runs.Runs)
        {
            run.DeploymentId.TryWriteBytes(bytes);
            run.Run.TryWriteBytes(bytes[guid..]);
            BinaryPrimitives.WriteInt64BigEndian(bytes[(guid + guid)..], run.Deadline?.UtcTicks ?? 0);
            hash.AppendData(bytes);
        }

        return Base64Url.EncodeToString(hash.GetHashAndReset().AsSpan(0, guid));
    }

    private sealed record Listing(AgentRuns Runs, string Fingerprint);
}
