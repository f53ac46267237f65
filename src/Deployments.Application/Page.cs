using System.Runtime.CompilerServices;

namespace Deployments.Application;

/// <summary>A page of a list in the order of its ids, or all that is left of it.</summary>
/// <param name="Items">The items. Of a whole list only the first are here already; the rest is read as they are taken.</param>
/// <param name="Next">The marker of the next page; null when there is none.</param>
internal sealed record Page<T>(IAsyncEnumerable<T> Items, Guid? Next);

internal static class Page
{
    private const int ChunkSize = 500;

    /// <summary>Reads from storage the first items after a marker.</summary>
    public delegate Task<IReadOnlyList<T>> Read<T>(Guid? marker, int count, CancellationToken cancellationToken);

    /// <param name="limit">How many items; null for all.</param>
    /// <param name="marker">The last id seen.</param>
    /// <param name="read">How to read on.</param>
    /// <param name="id">An item's id.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public static async Task<Page<T>> ReadAsync<T>(
        int? limit, Guid? marker, Read<T> read, Func<T, Guid> id, CancellationToken cancellationToken)
    {
        if (limit is not { } size)
        {
            // The first chunk comes before the answer begins, so that an unreachable database can still be told.
            return new Page<T>(ReadOnAsync(await read(marker, ChunkSize, cancellationToken), read, id, cancellationToken), Next: null);
        }

        var items = await read(marker, size + 1, cancellationToken);
        return new Page<T>(items.Take(size).ToAsyncEnumerable(), items.Count > size ? id(items[size - 1]) : null);
    }

    // In chunks, each a statement of its own: a slow reader holds no connection and no snapshot while it reads.
    private static async IAsyncEnumerable<T> ReadOnAsync<T>(
        IReadOnlyList<T> chunk, Read<T> read, Func<T, Guid> id, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            foreach (var item in chunk)
            {
                yield return item;
            }

            if (chunk.Count < ChunkSize)
            {
                yield break;
            }

            chunk = await read(id(chunk[^1]), ChunkSize, cancellationToken);
        }
    }
}
