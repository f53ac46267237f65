using Deployments.Application.Retention;

namespace Deployments.Infrastructure.Retention;

/// <summary>How many were deleted on each day, in UTC.</summary>
internal sealed class DaySum(TimeProvider clock)
{
    private DateOnly day = Today(clock);
    private RetentionCount sum;

    public void Add(RetentionCount count) => sum += count;

    /// <summary>Starts the next day if the present one is over, and returns the sum of the last.</summary>
    public (DateOnly Day, RetentionCount Sum)? TakeIfOver() => Today(clock) > day ? Take() : null;

    /// <summary>Returns the sum of the day so far, and starts anew.</summary>
    public (DateOnly Day, RetentionCount Sum) Take()
    {
        var taken = (day, sum);
        (day, sum) = (Today(clock), default);
        return taken;
    }

    private static DateOnly Today(TimeProvider clock) => DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
}
