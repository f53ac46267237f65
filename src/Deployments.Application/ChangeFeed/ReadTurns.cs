using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Microsoft.Extensions.Options;

namespace Deployments.Application.ChangeFeed;

/// <summary>
/// Lets requests that wait for a change read a few at a time, as thousands may begin to wait at once. Those in line are not refused while the
/// line moves: they wait anyway, and would only come again.
/// </summary>
internal sealed class ReadTurns(RequestDeadline deadline, IOptions<TimeBudgets> budgets, TimeProvider clock) : IDisposable
{
    // So few are quick one after another, and leave most of the connections to others.
    private const int ReadsAtOnce = 8;

    private readonly SemaphoreSlim turns = new(ReadsAtOnce);
    private long lastSuccess = clock.GetTimestamp();

    /// <summary>Reads when it is the caller's turn, within the deadline of a request from then on.</summary>
    /// <typeparam name="T">What is read.</typeparam>
    /// <param name="read">The read, which stops when its token fires.</param>
    /// <param name="cancellationToken">Leaves the line; a read that has begun goes on.</param>
    /// <exception cref="UnavailableException">The time was up, or nothing was read for as long.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        while (!await turns.WaitAsync(budgets.Value.Request, cancellationToken))
        {
            if (clock.GetElapsedTime(Volatile.Read(ref lastSuccess)) > budgets.Value.Request)
            {
                throw new UnavailableException();
            }
        }

        try
        {
            var result = await deadline.RunAsync(read, CancellationToken.None);
            Volatile.Write(ref lastSuccess, clock.GetTimestamp());
            return result;
        }
        finally
        {
            turns.Release();
        }
    }

    public void Dispose() => turns.Dispose();
}
