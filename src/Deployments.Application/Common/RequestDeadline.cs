using Deployments.Application.Common.Errors;
using Microsoft.Extensions.Options;

namespace Deployments.Application.Common;

/// <summary>
/// The deadline of a request: a token that is passed to all of its work. When it fires the work stops, and the request fails with
/// <see cref="UnavailableException"/>.
/// </summary>
/// <param name="budgets">How long the work may take.</param>
/// <param name="clock">The clock that measures it.</param>
public sealed class RequestDeadline(IOptions<TimeBudgets> budgets, TimeProvider clock)
{
    /// <summary>Runs work until it completes, its caller cancels it, or the time is up.</summary>
    /// <typeparam name="T">The result of the work.</typeparam>
    /// <param name="work">The work, which stops when its token fires.</param>
    /// <param name="cancellationToken">Fires when the caller no longer waits.</param>
    /// <exception cref="UnavailableException">The time was up.</exception>
    public Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken) =>
        RunAsync(work, budgets.Value.Request, cancellationToken);

    /// <summary>The same of work whose time is shorter than that of the request.</summary>
    /// <typeparam name="T">The result of the work.</typeparam>
    /// <param name="work">The work, which stops when its token fires.</param>
    /// <param name="time">How long it may take.</param>
    /// <param name="cancellationToken">Fires when the caller no longer waits.</param>
    /// <exception cref="UnavailableException">The time was up.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> work, TimeSpan time, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(time, clock);
        await using var abort = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), deadline);
        try
        {
            return await work(deadline.Token);
        }
        catch (UnavailableException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken); // cancelled by the caller, not a failure of the database
        }
        catch (OperationCanceledException late) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new UnavailableException(late);
        }
    }
}
