namespace Deployments.UnitTests;

/// <summary>A clock that moves only when a test moves it; timers that are due then run before the test goes on.</summary>
internal sealed class ManualClock : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<ManualTimer> timers = [];
    private DateTimeOffset now = DateTimeOffset.UtcNow;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => now;

    public override long GetTimestamp() => now.UtcTicks;

    public void Move(TimeSpan by)
    {
        now += by;
        List<ManualTimer> existing;
        lock (gate)
        {
            existing = [.. timers]; // those that run may start others
        }

        existing.ForEach(timer => timer.RunIfDue());
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        lock (gate)
        {
            timers.Add(timer);
        }

        return timer;
    }

    /// <summary>Runs once each time it is set; it has no period.</summary>
    private sealed class ManualTimer(ManualClock clock, Action run) : ITimer
    {
        private DateTimeOffset due = DateTimeOffset.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            due = clock.now + dueTime;
            return true;
        }

        public void RunIfDue()
        {
            if (due <= clock.now)
            {
                due = DateTimeOffset.MaxValue;
                run();
            }
        }

        public void Dispose() => due = DateTimeOffset.MaxValue;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
