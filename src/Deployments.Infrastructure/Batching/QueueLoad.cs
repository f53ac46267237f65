namespace Deployments.Infrastructure.Batching;

/// <summary>The load of a <see cref="BatchQueue{T}"/>, for a caller that wants to add an entry.</summary>
/// <param name="QueueLength">The number of waiting entries.</param>
/// <param name="TotalLength">The sum of their lengths.</param>
/// <param name="Keys">The number of keys with waiting entries, including the caller's.</param>
/// <param name="OwnQueueLength">The number of entries with the caller's key.</param>
/// <param name="OwnTotalLength">The sum of the lengths of these.</param>
internal readonly record struct QueueLoad(int QueueLength, long TotalLength, int Keys, int OwnQueueLength, long OwnTotalLength);
