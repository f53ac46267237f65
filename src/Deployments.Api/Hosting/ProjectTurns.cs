namespace Deployments.Api.Hosting;

/// <summary>
/// Admits callers up to a capacity: round robin between projects, in order of arrival within a project, so that a project with many
/// requests does not starve the others.
/// </summary>
internal sealed class ProjectTurns(long capacity)
{
    private readonly Lock sync = new();
    private readonly Dictionary<string, Queue<Turn>> waiting = [];
    private readonly Queue<string> rotation = new();
    private long used;

    /// <summary>Waits for a turn, which lasts until it is disposed.</summary>
    /// <param name="project">The project.</param>
    /// <param name="amount">How much of the capacity it takes; at most all of it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IDisposable> EnterAsync(string project, long amount, CancellationToken cancellationToken)
    {
        var turn = new Turn(this, Math.Min(amount, capacity));
        lock (sync)
        {
            if (!waiting.TryGetValue(project, out var own))
            {
                waiting[project] = own = new Queue<Turn>();
                rotation.Enqueue(project);
            }

            own.Enqueue(turn);
            StartNext();
        }

        await using var cancellation = cancellationToken.UnsafeRegister(
            static (state, token) => ((Turn)state!).Cancel(token), turn);
        await turn.Started;
        return turn;
    }

    private void StartNext()
    {
        while (rotation.TryPeek(out var project) && waiting[project] is var own && (own.Peek().IsCancelled || used + own.Peek().Amount <= capacity))
        {
            rotation.Dequeue();
            var turn = own.Dequeue();
            if (own.Count > 0)
            {
                rotation.Enqueue(project);
            }
            else
            {
                waiting.Remove(project);
            }

            if (turn.TryStart())
            {
                used += turn.Amount;
            }
        }
    }

    private void Return(long amount)
    {
        lock (sync)
        {
            used -= amount;
            StartNext();
        }
    }

    private sealed class Turn(ProjectTurns turns, long amount) : IDisposable
    {
        private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int isOver;

        public long Amount => amount;

        public Task Started => started.Task;

        public bool IsCancelled => started.Task.IsCanceled;

        public bool TryStart() => started.TrySetResult();

        public void Cancel(CancellationToken cancellationToken)
        {
            if (started.TrySetCanceled(cancellationToken))
            {
                turns.Return(0); // the turn after it may fit
            }
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref isOver, 1) == 0)
            {
                turns.Return(amount);
            }
        }
    }
}
