using System.Runtime.CompilerServices;
using Deployments.Application.Common.Errors;

namespace Deployments.Application.Common.Paging;

/// <summary>A page of a list, or all that is left of it.</summary>
/// <typeparam name="T">What it lists.</typeparam>
/// <param name="Items">
/// The items. Only the first are here already, the rest is read as they are taken, which may throw <see cref="UnavailableException"/>.
/// </param>
/// <param name="Next">The marker of the next page; null when there is none.</param>
public sealed record Page<T>(IAsyncEnumerable<T> Items, Guid? Next);

/// <summary>The next items of a list, as many as storage gives at once.</summary>
/// <typeparam name="T">What it lists.</typeparam>
/// <param name="Items">The items; at least one where there are any.</param>
/// <param name="IsTruncated">Whether there are more among those that were asked for, which together were too much.</param>
public sealed record Chunk<T>(IReadOnlyList<T> Items, bool IsTruncated);

internal static class Page
{
    // One more than a page of usual size, so that such a page is one statement.
    private const int FirstChunk = 101;
    private const int LargestChunk = 500;

    /// <summary>Reads from storage the first items after a marker.</summary>
    public delegate Task<Chunk<T>> Read<T>(Guid? marker, int count, CancellationToken cancellationToken);

    /// <summary>Reads from storage the id of the last of so many items after a marker; null when nothing comes after it.</summary>
    public delegate Task<Guid?> ReadEnd(Guid? marker, int count, CancellationToken cancellationToken);

    /// <param name="limit">How many items; null for all.</param>
    /// <param name="marker">The last id seen.</param>
    /// <param name="read">How to read on.</param>
    /// <param name="readEnd">
    /// How to find the end of a page that may be too much to be read at once, of a list in ascending order of its ids; null where items
    /// are small.
    /// </param>
    /// <param name="id">An item's id.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public static async Task<Page<T>> ReadAsync<T>(
        int? limit, Guid? marker, Read<T> read, ReadEnd? readEnd, Func<T, Guid> id, CancellationToken cancellationToken)
    {
        // The first chunk comes before the answer begins, so that an unreachable database can still be told.
        var size = limit ?? int.MaxValue;
        var count = size < FirstChunk || (limit is not null && readEnd is null) ? size + 1 : FirstChunk;
        var first = await read(marker, count, cancellationToken);
        if (limit is null || IsLast(first, count))
        {
            return new Page<T>(ReadRemainingAsync(first, count, size, read, id, cancellationToken), Next: null);
        }

        if (first.Items.Count > size)
        {
            return new Page<T>(first.Items.Take(size).ToAsyncEnumerable(), id(first.Items[size - 1]));
        }

        var end = await readEnd!(marker, size, cancellationToken);
        var items = ReadRemainingAsync(first, count, size, read, id, cancellationToken);
        return new Page<T>(items.TakeWhile(item => end is null || id(item) <= end), end);
    }

    // In chunks, each a statement of its own: a slow reader holds no connection and no snapshot while it reads.
    private static async IAsyncEnumerable<T> ReadRemainingAsync<T>(
        Chunk<T> chunk, int count, int left, Read<T> read, Func<T, Guid> id, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            foreach (var item in chunk.Items)
            {
                yield return item;
            }

            left -= chunk.Items.Count;
            if (left <= 0 || IsLast(chunk, count))
            {
                yield break;
            }

            // What comes is likely to be as large as what came.
            count = Math.Min(left, chunk.IsTruncated ? chunk.Items.Count : Math.Min(count * 2, LargestChunk));
            chunk = await read(id(chunk.Items[^1]), count, cancellationToken);
        }
    }

    private static bool IsLast<T>(Chunk<T> chunk, int count) => !chunk.IsTruncated && chunk.Items.Count < count;
}
