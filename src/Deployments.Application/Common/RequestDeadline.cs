using Deployments.Application.Common.Errors;
using Microsoft.Extensions.Options;

namespace Deployments.Application.Common;

/// <summary>
/// The one deadline of a request: a token that is passed down to all of its work. When it fires the work stops, and the request is
/// <see cref="UnavailableException"/>.
/// </summary>
/// <param name="budgets">How long the work may take.</param>
/// <param name="clock">By which clock.</param>
public sealed class RequestDeadline(IOptions<TimeBudgets> budgets, TimeProvider clock)
{
    /// <summary>Runs work until it ends, its caller leaves, or the time is up.</summary>
    /// <typeparam name="T">What the work gives.</typeparam>
    /// <param name="work">The work, which stops when its token fires.</param>
    /// <param name="cancellationToken">Ends the work because its caller has left.</param>
    /// <exception cref="UnavailableException">The time was up.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(budgets.Value.Request, clock);
        await using var abort = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), deadline);
        try
        {
            return await work(deadline.Token);
        }
        catch (UnavailableException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken); // the caller's own end, not the database's
        }
        catch (OperationCanceledException late) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new UnavailableException(late);
        }
    }
}
