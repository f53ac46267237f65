using Deployments.Infrastructure.Postgres.Model;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Deployments.Infrastructure.Postgres;

/// <summary>
/// What the service requires of its database to be ready: UTF-8, a current schema, rights on each table, and connections that keep their
/// session unless they are known not to. What is missing is reported as one sentence for the operator.
/// </summary>
internal sealed class DatabaseReadiness(
    HealthDataSource health, NpgsqlDataSource traffic, Pooler pooler, IDbContextFactory<DeploymentsDbContext> contexts)
{
    private const int PoolerProbes = 3;

    private const string HistoryTable = "\"__EFMigrationsHistory\"";

    private static readonly string[] Rights = ["SELECT", "INSERT", "UPDATE", "DELETE"];

    private IReadOnlyList<string>? tables;
    private IReadOnlyList<string>? migrations;
    private bool areSessionsVerified = pooler.SharesSessions;

    /// <summary>The first requirement that is not met, as a sentence; null if all are.</summary>
    public async Task<string?> FindMissingAsync(CancellationToken cancellationToken)
    {
        await using (var connection = await health.Source.OpenConnectionAsync(cancellationToken))
        {
            if (await FindMissingAsync(connection, cancellationToken) is { } missing)
            {
                return missing;
            }
        }

        areSessionsVerified = areSessionsVerified || await KeepsSessionsAsync(cancellationToken);
        return areSessionsVerified
            ? null
            : "The database is behind a pooler in transaction mode: set Deployments:Pooler to Transaction, or the pooler to session mode.";
    }

    private async Task<string?> FindMissingAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (migrations is null || tables is null)
        {
            await using var context = await contexts.CreateDbContextAsync(cancellationToken);
            migrations = [.. context.Database.GetMigrations()];
            tables = [.. context.Model.GetEntityTypes().Select(type => type.GetTableName()!).Distinct().Order(StringComparer.Ordinal)];
        }

        await using var ask = new NpgsqlCommand(
            """
            SELECT current_setting('server_encoding'), to_regclass('"__EFMigrationsHistory"') IS NOT NULL, current_user, current_database(),
                ARRAY(
                    SELECT needed.privilege || ' on ' || needed.name
                    FROM unnest(@tables, @rights) WITH ORDINALITY AS needed (name, privilege, place)
                    WHERE CASE WHEN to_regclass(needed.name) IS NOT NULL THEN NOT has_table_privilege(needed.name, needed.privilege) END
                    ORDER BY place)
            """,
            connection);
        ask.Parameters.AddWithValue("tables", tables.SelectMany(table => Rights.Select(_ => table)).Prepend(HistoryTable).ToArray());
        ask.Parameters.AddWithValue("rights", tables.SelectMany(_ => Rights).Prepend("SELECT").ToArray());
        bool hasHistory;
        string user, database;
        string[] denied;
        await using (var row = await ask.ExecuteReaderAsync(cancellationToken))
        {
            await row.ReadAsync(cancellationToken);
            if (row.GetString(0) is not "UTF8" and var encoding)
            {
                return $"The database's encoding is {encoding}, and this service needs UTF8: create the database with ENCODING 'UTF8'.";
            }

            (hasHistory, user, database, denied) = (row.GetBoolean(1), row.GetString(2), row.GetString(3), row.GetFieldValue<string[]>(4));
        }

        if (!hasHistory)
        {
            return $"The database {database} has no schema yet: it lacks {string.Join(", ", migrations)}.";
        }

        if (denied.Length > 0)
        {
            return $"The database user {user} has no right to {string.Join(", ", denied)}.";
        }

        var pending = await FindPendingMigrationsAsync(connection, cancellationToken);
        return pending.Count == 0 ? null : $"The database's schema is not current: it lacks {string.Join(", ", pending)}.";
    }

    private async Task<IReadOnlyList<string>> FindPendingMigrationsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var ask = new NpgsqlCommand("""SELECT migration_id FROM "__EFMigrationsHistory" """, connection);
        await using var rows = await ask.ExecuteReaderAsync(cancellationToken);
        var applied = new HashSet<string>(StringComparer.Ordinal);
        while (await rows.ReadAsync(cancellationToken))
        {
            applied.Add(rows.GetString(0));
        }

        return [.. migrations!.Where(migration => !applied.Contains(migration))];
    }

    /// <summary>
    /// Whether a connection keeps its prepared statements while others are busy. With a pooler in transaction mode the next statement runs on
    /// any free server connection: a different one while another client holds the one with the prepared statement.
    /// </summary>
    private async Task<bool> KeepsSessionsAsync(CancellationToken cancellationToken)
    {
        await using var one = await traffic.OpenConnectionAsync(cancellationToken);
        await using var other = await traffic.OpenConnectionAsync(cancellationToken);
        for (var probe = 0; probe < PoolerProbes; probe++)
        {
            var name = $"deployments_probe_{Guid.NewGuid():N}";
            await ExecuteAsync(one, $"PREPARE {name} AS SELECT 1", cancellationToken);
            await using var transaction = await other.BeginTransactionAsync(cancellationToken);
            await ExecuteAsync(other, "SELECT 1", cancellationToken);
            try
            {
                await ExecuteAsync(one, $"EXECUTE {name}", cancellationToken);
                await ExecuteAsync(one, $"DEALLOCATE {name}", cancellationToken);
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InvalidSqlStatementName)
            {
                return false;
            }

            await transaction.RollbackAsync(cancellationToken);
        }

        return true;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string statement, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
