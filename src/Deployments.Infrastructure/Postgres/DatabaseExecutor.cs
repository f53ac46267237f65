using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Infrastructure.Postgres.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Deployments.Infrastructure.Postgres;

/// <summary>
/// Runs work on the database, and retries it after transient failures until its token fires: a short outage is a delay, a long one an
/// <see cref="UnavailableException"/>. The token is the request's deadline; when it fires the work stops.
/// </summary>
internal sealed class DatabaseExecutor(
    IDbContextFactory<DeploymentsDbContext> contexts,
    NpgsqlDataSource dataSource,
    IOptions<TimeBudgets> budgets,
    TimeProvider clock)
{
    private static readonly TimeSpan InitialRetryDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Runs work that may be executed twice: after a failure it is unknown whether the commit succeeded, so inserts must recognise their
    /// own id, and changes their own event.
    /// </summary>
    /// <param name="work">One attempt.</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    public async Task<T> RunAsync<T>(Func<Attempt, Task<T>> work, CancellationToken cancellationToken)
    {
        var stop = new CancellationTokenSource();
        await using var abort = cancellationToken.UnsafeRegister(static stop => ((CancellationTokenSource)stop!).CancelOnOwnThread(), stop);
        var attempts = RetryAsync(work, stop.Token);
        try
        {
            return await attempts.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (!attempts.IsCompleted)
        {
            // Cancelled work ends at once, unless the server does not respond. The response waits for it, so that nothing is stored afterwards.
            try
            {
                return await attempts.WaitAsync(budgets.Value.Stop, clock, CancellationToken.None);
            }
            catch (TimeoutException timeout)
            {
                _ = attempts.ContinueWith(static ended => ended.Exception, TaskContinuationOptions.OnlyOnFaulted);
                throw new UnavailableException(timeout);
            }
        }
    }

    private async Task<T> RetryAsync<T>(Func<Attempt, Task<T>> work, CancellationToken cancellationToken)
    {
        Exception? last = null;
        var delay = new RetryDelay(InitialRetryDelay, MaxRetryDelay);
        while (true)
        {
            try
            {
                await using var context = await contexts.CreateDbContextAsync(cancellationToken);
                return await work(new Attempt(context, IsRetry: last is not null, cancellationToken));
            }
            catch (OperationCanceledException late) when (cancellationToken.IsCancellationRequested)
            {
                throw new UnavailableException(last ?? late);
            }
            catch (Exception exception) when (PostgresErrors.IsWrongEncoding(exception.GetBaseException()))
            {
                throw new UnavailableException(exception);
            }
            catch (Exception exception) when (PostgresErrors.IsTransient(exception))
            {
                last = exception;
                if (PostgresErrors.IsReadOnlyServer(exception))
                {
                    dataSource.Clear(); // every connection is to the former primary
                }
            }

            try
            {
                await Task.Delay(delay.Next(), clock, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                throw new UnavailableException(last);
            }
        }
    }

    /// <summary>One attempt at a piece of work.</summary>
    /// <param name="Context">The attempt's own context.</param>
    /// <param name="IsRetry">Whether an earlier attempt failed, whose changes may have been stored.</param>
    /// <param name="Token">Ends the attempt.</param>
    internal readonly record struct Attempt(DeploymentsDbContext Context, bool IsRetry, CancellationToken Token)
    {
        /// <summary>A statement on the attempt's connection, which is open.</summary>
        public async Task<NpgsqlCommand> CreateCommandAsync(string statement)
        {
            await Context.Database.OpenConnectionAsync(Token);
            return new NpgsqlCommand(statement, (NpgsqlConnection)Context.Database.GetDbConnection());
        }
    }
}
