using System.Data;
using System.Reflection;
using Deployments.Application.Common;
using Deployments.Infrastructure.Postgres.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Deployments.Infrastructure.Postgres;

/// <summary>Migrates the schema with EF Core's migrations, under an advisory lock.</summary>
/// <param name="source">Returns the connections. A script is created without them, and without a connection string.</param>
/// <param name="options">The connection string.</param>
/// <param name="budgets">How long a second attempt to connect may take, that explains a failure.</param>
internal sealed class DatabaseSchema(Func<NpgsqlDataSource> source, IOptions<DatabaseOptions> options, IOptions<TimeBudgets> budgets) : IDatabaseSchema
{
    private const long MigrationLock = 0x6465706C6F79; // "deploy"
    private static readonly TimeSpan LockRetryInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan TableLockRetryInterval = TimeSpan.FromSeconds(2); // those who waited behind the last attempt go on

    public string Database
    {
        get
        {
            var settings = new NpgsqlConnectionStringBuilder(options.Value.ConnectionString);
            var servers = (settings.Host ?? string.Empty).Split(',')
                .Select(host => host.Contains(':', StringComparison.Ordinal) || host.StartsWith('/') ? host : $"{host}:{settings.Port}");
            return $"{settings.Database ?? settings.Username} on {string.Join(", ", servers)}"
                + (settings.Username is { } user ? $" as {user}" : string.Empty);
        }
    }

    public IReadOnlyList<string> Migrations
    {
        get
        {
            using var context = new DesignTimeContextFactory().CreateDbContext([]);
            return [.. context.Database.GetMigrations()];
        }
    }

    public async Task<IReadOnlyList<string>> FindMissingAsync(CancellationToken cancellationToken)
    {
        await using var context = CreateContext(_ => { });
        await context.Database.OpenConnectionAsync(cancellationToken); // a database that does not exist would only be without migrations
        return [.. await context.Database.GetPendingMigrationsAsync(cancellationToken)];
    }

    public async Task MigrateAsync(string? target, Action<string> applying, CancellationToken cancellationToken)
    {
        await using var context = CreateContext(applying);
        var database = context.Database;
        database.SetCommandTimeout(0); // an index of a large table takes its time

        await database.OpenConnectionAsync(cancellationToken);
        if (target is null && !(await database.GetPendingMigrationsAsync(cancellationToken)).Any())
        {
            return;
        }

        await using var locked = await LockAsync(cancellationToken);
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watch = CancelWhenLostAsync(locked, lost);
        try
        {
            await MigrateAsync(context.GetService<IMigrator>(), target, lost.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new NpgsqlException("The connection that locks out other migrations was lost.");
        }
        finally
        {
            await lost.CancelAsync();
            await watch;
        }
    }

    public string CreateScript(string? current, string? target)
    {
        using var context = new DesignTimeContextFactory().CreateDbContext([]);
        var script = context.GetService<IMigrator>().GenerateScript(current, target, MigrationsSqlGenerationOptions.Idempotent);

        // The script runs each statement in a block, which can do nothing concurrently.
        return script.Replace("INDEX CONCURRENTLY", "INDEX", StringComparison.Ordinal);
    }

    public Task<string> ExplainAsync(Exception failure) =>
        ConnectionRefusal.ExplainAsync(failure, options.Value.ConnectionString, budgets.Value.HealthCheck);

    /// <summary>
    /// Locks out other migrations until the result is disposed. It is a transaction's lock, as a pooler may change the session, and a
    /// connection's of its own, as an index that is built concurrently cannot be part of a transaction.
    /// </summary>
    private async Task<NpgsqlConnection> LockAsync(CancellationToken cancellationToken)
    {
        var connection = await source().OpenConnectionAsync(cancellationToken);
        try
        {
            // Asked for again and again: an index that is built concurrently waits for every statement that runs, a wait for this lock too. The
            // SET comes last, as the transaction has no snapshot after it: such an index would wait for that as well.
            while (true)
            {
                var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
                await using var tryLock = new NpgsqlCommand(
                    $"SELECT pg_try_advisory_xact_lock({MigrationLock}); SET LOCAL idle_in_transaction_session_timeout = 0", connection);
                if (await tryLock.ExecuteScalarAsync(cancellationToken) is true)
                {
                    return connection;
                }

                await transaction.DisposeAsync();
                await Task.Delay(LockRetryInterval, cancellationToken);
            }
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    // Another instance may migrate as soon as the connection of the lock is gone.
    private static async Task CancelWhenLostAsync(NpgsqlConnection locked, CancellationTokenSource lost)
    {
        try
        {
            while (true)
            {
                await locked.WaitAsync(lost.Token);
            }
        }
        catch (OperationCanceledException) when (lost.IsCancellationRequested)
        {
            // The migration has ended.
        }
        catch (Exception exception) when (PostgresErrors.IsTransient(exception))
        {
            await lost.CancelAsync();
        }
    }

    // A step that alters a table waits no longer for its lock than those who wait behind it can.
    private static async Task MigrateAsync(IMigrator migrator, string? target, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await migrator.MigrateAsync(target, cancellationToken);
                return;
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                await Task.Delay(TableLockRetryInterval, cancellationToken);
            }
        }
    }

    private DeploymentsDbContext CreateContext(Action<string> applying) => new(
        new DbContextOptionsBuilder<DeploymentsDbContext>()
            .UseDeployments(source())
            .LogTo(
                (happening, _) => happening == RelationalEventId.MigrationApplying || happening == RelationalEventId.MigrationReverting,
                happening => applying(((MigrationEventData)happening).Migration.GetType().GetCustomAttribute<MigrationAttribute>()!.Id))
            .Options);
}
