using System.Runtime.InteropServices;
using System.Text.Json;
using Deployments.Application.ChangeFeed;
using Deployments.Application.Common.Paging;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Infrastructure.Postgres;

/// <summary>Estimates the size of rows, and limits how much of a list is read at once.</summary>
internal static class RowSize
{
    /// <summary>The size of a chunk, after which the rest is read by another statement.</summary>
    public const int MaxChunkBytes = 1024 * 1024;
    private const int FixedBytes = 512; // ids, times and the object itself
    private const int EntryBytes = 256; // overhead of each value beside its text

    /// <summary>About how much memory a deployment takes, in bytes.</summary>
    public static long Of(SoftwareDeployment deployment) =>
        FixedBytes + Of(deployment.StatusReason) + Of(deployment.InputValues) + Of(deployment.OutputValues);

    /// <summary>About how much memory an event takes, in bytes.</summary>
    public static long Of(DeploymentEvent entry) => FixedBytes + Of(entry.StatusReason);

    /// <summary>About how much memory an event of the feed takes, in bytes.</summary>
    public static long Of(FeedEventDto entry) => FixedBytes + Of(entry.StatusReason);

    /// <summary>About how much memory a row with JSON of these texts takes, in bytes.</summary>
    public static long Of(params ReadOnlySpan<string?> texts)
    {
        var size = (long)FixedBytes;
        foreach (var text in texts)
        {
            size += Of(text);
        }

        return size;
    }

    /// <summary>Takes rows until together they are too large. The others are skipped unread, and queried again.</summary>
    public static async Task<Chunk<T>> TakeChunkAsync<T>(this IAsyncEnumerable<T> rows, Func<T, long> sizeOf, CancellationToken cancellationToken)
    {
        var items = new List<T>();
        var size = 0L;
        await foreach (var row in rows.WithCancellation(cancellationToken))
        {
            if (size > MaxChunkBytes)
            {
                return new Chunk<T>(items, IsTruncated: true);
            }

            items.Add(row);
            size += sizeOf(row);
        }

        return new Chunk<T>(items, IsTruncated: false);
    }

    private static long Of(string? text) => sizeof(char) * (long)(text?.Length ?? 0);

    private static long Of(IReadOnlyDictionary<string, JsonElement>? values) => values is null ? 0
        : values.Sum(value => EntryBytes + Of(value.Key) + JsonMarshal.GetRawUtf8Value(value.Value).Length);
}
