using System.Runtime.CompilerServices;
using Deployments.Application.Common.Errors;

namespace Deployments.Application.Common.Paging;

/// <summary>A page of a list, or its whole remainder.</summary>
/// <typeparam name="T">The type of the items.</typeparam>
/// <param name="Items">
/// The items. Only the first have been read, the others are read as they are enumerated, which may throw <see cref="UnavailableException"/>.
/// </param>
/// <param name="Next">The marker of the next page; null when there is none.</param>
public sealed record Page<T>(IAsyncEnumerable<T> Items, Guid? Next);

/// <summary>The next items of a list, as many as one statement returns.</summary>
/// <typeparam name="T">The type of the items.</typeparam>
/// <param name="Items">The items; at least one where there are any.</param>
/// <param name="IsTruncated">Whether fewer were returned than requested, because together they would be too large.</param>
public sealed record Chunk<T>(IReadOnlyList<T> Items, bool IsTruncated);

/// <summary>
/// Reads lists of any length in constant memory: in chunks, each a statement of its own, so that a slow reader holds no connection and no
/// snapshot while it reads.
/// </summary>
internal sealed class ListReader(RequestDeadline deadline)
{
    // One more than a page of usual size, so that such a page is one statement.
    private const int FirstChunk = 101;
    private const int LargestChunk = 500;

    /// <summary>Reads from storage the first items after a marker.</summary>
    public delegate Task<Chunk<T>> Read<T, TKey>(TKey? marker, int count, CancellationToken cancellationToken)
        where TKey : struct;

    /// <summary>Reads from storage the id of the last of so many items after a marker; null when nothing comes after it.</summary>
    public delegate Task<Guid?> FindPageEnd(Guid? marker, int count, CancellationToken cancellationToken);

    /// <summary>The first chunk is read before this returns, while a failure of the database can still be the response.</summary>
    /// <param name="limit">How many items; null for all.</param>
    /// <param name="marker">The key of the last item seen.</param>
    /// <param name="read">How to read on.</param>
    /// <param name="key">An item's key, in whose order the list is.</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    public async Task<IAsyncEnumerable<T>> ReadAsync<T, TKey>(
        int? limit, TKey? marker, Read<T, TKey> read, Func<T, TKey> key, CancellationToken cancellationToken)
        where TKey : struct
    {
        var size = limit ?? int.MaxValue;
        var count = Math.Min(size, FirstChunk);
        return ReadRemainingAsync(await read(marker, count, cancellationToken), count, size, read, key, CancellationToken.None);
    }

    /// <summary>The same of a list with pages.</summary>
    /// <param name="limit">How many items; null for all.</param>
    /// <param name="marker">The last id seen.</param>
    /// <param name="read">How to read on.</param>
    /// <param name="findPageEnd">
    /// How to find the end of a page that may be too large to be read at once; null where items are small.
    /// </param>
    /// <param name="id">An item's id, in whose order the list is.</param>
    /// <param name="isDescending">Whether the greatest id comes first.</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    public async Task<Page<T>> ReadPageAsync<T>(
        int? limit, Guid? marker, Read<T, Guid> read, FindPageEnd? findPageEnd, Func<T, Guid> id, bool isDescending, CancellationToken cancellationToken)
    {
        var size = limit ?? int.MaxValue;
        var count = size < FirstChunk || (limit is not null && findPageEnd is null) ? size + 1 : FirstChunk;
        var first = await read(marker, count, cancellationToken);
        if (limit is null || IsLast(first, count))
        {
            return new Page<T>(ReadRemainingAsync(first, count, size, read, id, CancellationToken.None), Next: null);
        }

        if (first.Items.Count > size)
        {
            return new Page<T>(first.Items.Take(size).ToAsyncEnumerable(), id(first.Items[size - 1]));
        }

        var end = await findPageEnd!(marker, size, cancellationToken);
        var items = ReadRemainingAsync(first, count, size, read, id, CancellationToken.None);
        return new Page<T>(items.TakeWhile(item => end is null || (isDescending ? id(item) >= end : id(item) <= end)), end);
    }

    private async IAsyncEnumerable<T> ReadRemainingAsync<T, TKey>(
        Chunk<T> chunk, int count, int remaining, Read<T, TKey> read, Func<T, TKey> key, [EnumeratorCancellation] CancellationToken cancellationToken)
        where TKey : struct
    {
        while (true)
        {
            foreach (var item in chunk.Items)
            {
                yield return item;
            }

            remaining -= chunk.Items.Count;
            if (remaining <= 0 || IsLast(chunk, count))
            {
                yield break;
            }

            // The next items are likely to be as large as the last.
            count = Math.Min(remaining, chunk.IsTruncated ? chunk.Items.Count : Math.Min(count * 2, LargestChunk));
            var marker = key(chunk.Items[^1]);
            chunk = await deadline.RunAsync(token => read(marker, count, token), cancellationToken);
        }
    }

    private static bool IsLast<T>(Chunk<T> chunk, int count) => !chunk.IsTruncated && chunk.Items.Count < count;
}
