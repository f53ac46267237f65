using System.Net.Sockets;
using Deployments.Application.Common.Errors;
using Deployments.Infrastructure.Postgres.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Deployments.Infrastructure.Postgres;

/// <summary>
/// The stores' way to the database. Work is tried until it is done or four seconds have passed, so that a short outage is a
/// delay and a long one an <see cref="UnavailableException"/> within the five seconds that the contract allows.
/// </summary>
internal sealed partial class DatabaseExecutor(
    IDbContextFactory<DeploymentsDbContext> contexts, NpgsqlDataSource dataSource, ILogger<DatabaseExecutor> logger)
{
    /// <summary>How long a request may wait for the database.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan InitialRetryDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs work that may be run again after a failure of which nobody knows whether it came before or after the commit.</summary>
    public Task<T> RunAsync<T>(Func<Attempt, Task<T>> work, CancellationToken cancellationToken) =>
        RunAsync(work, Timeout, cancellationToken);

    /// <summary>The same for work that is only a part of what its request waits for.</summary>
    public async Task<T> RunAsync<T>(Func<Attempt, Task<T>> work, TimeSpan left, CancellationToken cancellationToken)
    {
        left = left > InitialRetryDelay ? left : InitialRetryDelay;

        // A stopped server does not answer a cancellation either: the caller is let go, and the attempt,
        // which owns its context and connection, ends by itself when the network gives it up.
        var attempts = TryUntilDeadlineAsync(work, left, cancellationToken);
        try
        {
            return await attempts.WaitAsync(left + InitialRetryDelay, cancellationToken);
        }
        catch (TimeoutException timeout)
        {
            Observe(attempts);
            LogUnavailable(timeout.Message);
            throw new UnavailableException(timeout);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Observe(attempts);
            throw;
        }
    }

    private async Task<T> TryUntilDeadlineAsync<T>(
        Func<Attempt, Task<T>> work, TimeSpan left, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(left);

        Exception? last = null;
        for (var pause = InitialRetryDelay; ; pause = Min(pause * 2, MaxRetryDelay))
        {
            try
            {
                await using var context = await contexts.CreateDbContextAsync(deadline.Token);
                return await work(new Attempt(context, Repeated: last is not null, deadline.Token));
            }
            catch (Exception exception) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                LogUnavailable((last ?? exception).Message);
                throw new UnavailableException(last ?? exception);
            }
            catch (Exception exception) when (IsTransient(exception))
            {
                last = exception;
                if (exception.GetBaseException() is PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction })
                {
                    dataSource.Clear(); // every connection leads to the former primary
                }
            }

            try
            {
                await Task.Delay(pause, deadline.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                LogUnavailable(last.Message);
                throw new UnavailableException(last);
            }
        }
    }

    /// <summary>Whether the database, rather than the statement, is at fault.</summary>
    private static bool IsTransient(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case PostgresException refusal:
                    return IsTransient(refusal.SqlState);
                case NpgsqlException or SocketException or IOException or TimeoutException:
                case { Source: "Npgsql" }: // a connection that breaks under it shows itself as one of many exceptions
                    return true;
            }
        }

        return false;
    }

    private static bool IsTransient(string sqlState) =>
        sqlState[..2] is "08" or "28" or "53" or "57" or "58" // connection, authorisation, resources, operator, system
        || sqlState
            is PostgresErrorCodes.SerializationFailure
            or PostgresErrorCodes.DeadlockDetected
            or PostgresErrorCodes.LockNotAvailable
            or PostgresErrorCodes.ReadOnlySqlTransaction
            or PostgresErrorCodes.InvalidCatalogName // the database, or
            or PostgresErrorCodes.UndefinedTable // the schema, or
            or PostgresErrorCodes.UndefinedColumn; // a part of it, is not there yet

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    private static void Observe(Task task) =>
        task.ContinueWith(static ended => _ = ended.Exception, TaskContinuationOptions.OnlyOnFaulted);

    /// <summary>One try at a piece of work.</summary>
    /// <param name="Context">The attempt's own context.</param>
    /// <param name="Repeated">Whether an earlier attempt failed: what this one finds may be its doing.</param>
    /// <param name="Token">Ends the attempt.</param>
    internal readonly record struct Attempt(DeploymentsDbContext Context, bool Repeated, CancellationToken Token);

    [LoggerMessage(LogLevel.Warning, "The database cannot be reached: {Reason}")]
    private partial void LogUnavailable(string reason);
}
