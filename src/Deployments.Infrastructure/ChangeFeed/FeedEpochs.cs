using System.Data;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Infrastructure.Postgres;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Deployments.Infrastructure.ChangeFeed;

/// <summary>
/// Transaction ids are comparable within one life of a database. After a failover, or where the data were restored in another cluster, the
/// epoch is raised, so that cursors of before are refused.
/// </summary>
internal sealed class FeedEpochs(NpgsqlDataSource dataSource, IOptions<TimeBudgets> budgets, TimeProvider clock)
{
    /// <summary>The timeline of the server, null on a standby: a failover begins a new one.</summary>
    public const string Timeline =
        "CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END";

    /// <summary>The identity of the cluster, which a dump leaves behind.</summary>
    public const string Cluster = "(SELECT system_identifier::text FROM pg_control_system())";

    private readonly Lock gate = new();
    private volatile bool isDistributed;
    private Task? verification;

    /// <summary>Makes the next reader verify the epoch: the server may be another one.</summary>
    public void Reset()
    {
        lock (gate)
        {
            verification = null;
        }
    }

    /// <summary>The same, unless a verification is in progress, which may take minutes.</summary>
    public void VerifyAgain()
    {
        lock (gate)
        {
            verification = verification is { IsCompleted: true } ? null : verification;
        }
    }

    /// <summary>Verifies, once for all callers, that the stored epoch is that of this server, and raises it otherwise.</summary>
    public Task VerifyAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (verification is null or { IsCompleted: true, IsCompletedSuccessfully: false })
            {
                verification = Task.Run(RaiseIfChangedAsync, CancellationToken.None);
            }

            return verification.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Like <see cref="VerifyAsync"/>; also fails where the database has no feed.</summary>
    /// <exception cref="UnavailableException">The database has no feed.</exception>
    public async Task RequireAsync(CancellationToken cancellationToken)
    {
        await VerifyAsync(cancellationToken);
        if (isDistributed)
        {
            throw new UnavailableException(
                detail: "The change feed is off: it is ordered by the transaction ids of one server, and this database has the extension citus, which spreads it over several.");
        }
    }

    private async Task RaiseIfChangedAsync()
    {
        using var deadline = new CancellationTokenSource(budgets.Value.Request, clock);
        try
        {
            await using var connection = await dataSource.OpenConnectionAsync(deadline.Token);
            isDistributed = await IsDistributedAsync(connection, deadline.Token);
            if (isDistributed)
            {
                return;
            }

            if (!await IsCurrentAsync(connection, "timeline", deadline.Token) || !await IsCurrentAsync(connection, "cluster", deadline.Token))
            {
                await RaiseAsync(connection, deadline.Token);
            }
        }
        catch (OperationCanceledException late) when (deadline.IsCancellationRequested)
        {
            throw new UnavailableException(late); // of all callers, whose own time may not be up
        }
    }

    private static async Task<bool> IsDistributedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var ask = new NpgsqlCommand($"SELECT {DistributedDatabase.Exists}", connection);
        return (bool)(await ask.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<bool> IsCurrentAsync(NpgsqlConnection connection, string part, CancellationToken cancellationToken)
    {
        await using var ask = new NpgsqlCommand(
            $"SELECT EXISTS (SELECT FROM change_feed_epoch WHERE id = 1 AND {part} = {(part == "timeline" ? Timeline : Cluster)})", connection);
        return (bool)(await ask.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task RaiseAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
        await using (var lockRow = new NpgsqlCommand("SELECT FROM change_feed_epoch WHERE id = 1 FOR UPDATE", connection))
        {
            await lockRow.ExecuteNonQueryAsync(cancellationToken);
        }

        // Another instance may have raised it meanwhile.
        var isSameCluster = await IsCurrentAsync(connection, "cluster", cancellationToken);
        if (!isSameCluster || !await IsCurrentAsync(connection, "timeline", cancellationToken))
        {
            await using var raise = new NpgsqlCommand(
                $"UPDATE change_feed_epoch SET epoch = epoch + 1, timeline = {Timeline}, cluster = {Cluster} WHERE id = 1", connection);
            await raise.ExecuteNonQueryAsync(cancellationToken);
        }

        if (!isSameCluster)
        {
            await ReassignFutureTransactionsAsync(connection);
        }

        await transaction.CommitAsync(CancellationToken.None);
    }

    /// <summary>
    /// Rows of a dump have the transactions of the cluster that they come from. Those that this one has not reached would stay above the
    /// horizon, and come after what is new. It may take minutes, in which the feed is unavailable.
    /// </summary>
    private static async Task ReassignFutureTransactionsAsync(NpgsqlConnection connection)
    {
        await using var update = new NpgsqlCommand(
            """
            UPDATE software_deployments SET xact = pg_current_xact_id() WHERE xact > pg_current_xact_id();
            UPDATE deployment_events SET xact = pg_current_xact_id() WHERE xact > pg_current_xact_id();
            UPDATE change_feed_floors SET xact = '0' WHERE xact > pg_current_xact_id()
            """,
            connection);
        update.CommandTimeout = 0;
        await update.ExecuteNonQueryAsync(CancellationToken.None);
    }
}
