namespace Deployments.Infrastructure.Batching;

/// <summary>What waits in a <see cref="BatchQueue{T}"/>, as seen by a caller who wants to add an entry.</summary>
/// <param name="QueueLength">How many entries wait.</param>
/// <param name="TotalLength">The sum of their lengths.</param>
/// <param name="Keys">How many keys have entries that wait, including the caller's.</param>
/// <param name="OwnQueueLength">How many of the entries have the caller's key.</param>
/// <param name="OwnTotalLength">The sum of the lengths of these.</param>
internal readonly record struct QueueLoad(int QueueLength, long TotalLength, int Keys, int OwnQueueLength, long OwnTotalLength);
