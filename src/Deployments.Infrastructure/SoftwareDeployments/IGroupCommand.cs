namespace Deployments.Infrastructure.SoftwareDeployments;

/// <summary>Stores groups, each in one transaction, over a connection that it keeps. For one group at a time.</summary>
internal interface IGroupCommand<TEntry> : IAsyncDisposable
{
    /// <summary>Whether its connection can be used again, with its statements.</summary>
    bool IsUsable { get; }

    /// <summary>Whether what is to be stored was sent; before that nothing can have been stored.</summary>
    bool IsSent { get; }

    /// <summary>Stores a group and reports to each entry what became of it, once that is durable.</summary>
    /// <param name="group">The entries, in the order in which they came. The list belongs to the command.</param>
    /// <param name="attempt">Cancelled when the attempt is given up: from then on nothing is sent.</param>
    /// <returns>The entries that were left alone, because another transaction has locked their rows.</returns>
    /// <exception cref="GroupTooLargeException">Nothing was stored: the group is too large for one transaction.</exception>
    Task<IReadOnlyList<TEntry>> StoreAsync(List<TEntry> group, CancellationTokenSource attempt);
}

/// <summary>The rows of a group are too large to be in memory together.</summary>
internal sealed class GroupTooLargeException : Exception;
