namespace Deployments.Infrastructure.Batching;

/// <summary>
/// The maximum size of a group, from the duration of the groups before it: shrink at once to the size that meets the target duration;
/// grow by doubling, beyond the initial size only while groups are full. One loop reports its groups; any thread may read the size.
/// </summary>
internal sealed class AdaptiveBatchSize(int minSize, int initialSize, int maxSize)
{
    public static readonly TimeSpan TargetGroupDuration = TimeSpan.FromMilliseconds(250);

    private volatile int maxGroupSize = initialSize;

    public int MaxGroupSize => maxGroupSize;

    public int InitialSize { get; } = initialSize;

    /// <summary>Reports a group that was processed.</summary>
    public void GroupCompleted(int groupSize, TimeSpan duration) => maxGroupSize = NextGroupSize(groupSize, duration);

    /// <summary>Reports a group whose outcome was unknown for a while: it may have been too large.</summary>
    public void OutcomeUnknown() => maxGroupSize = Math.Max(maxGroupSize / 2, minSize);

    private int NextGroupSize(int groupSize, TimeSpan duration)
    {
        if (groupSize == 0)
        {
            return maxGroupSize;
        }

        if (duration > TargetGroupDuration && groupSize >= minSize)
        {
            return Math.Max((int)(groupSize * (TargetGroupDuration / duration)), minSize);
        }

        // A small group that took long says little: the fixed cost of a statement, or a cold start. It only stops growth.
        if (duration > TargetGroupDuration / 2)
        {
            return maxGroupSize;
        }

        var limit = groupSize == maxGroupSize ? maxSize : InitialSize;
        return Math.Max(maxGroupSize, Math.Min(maxGroupSize * 2, limit));
    }
}
