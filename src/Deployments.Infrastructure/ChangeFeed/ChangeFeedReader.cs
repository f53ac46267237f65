using System.Data.Common;
using Deployments.Application.ChangeFeed;
using Deployments.Application.Common.Errors;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Postgres;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;

namespace Deployments.Infrastructure.ChangeFeed;

/// <summary>
/// Reads events below the horizon, which is the oldest transaction that is still open: what commits later comes after everything that was
/// read. One statement reads the events, whose they are, the horizon, and what the cursor is judged by, so that all are of one snapshot.
/// </summary>
internal sealed class ChangeFeedReader(DatabaseExecutor database, FeedEpochs epochs) : IChangeFeed
{
    // A filter may let nothing through: so many events are examined at once.
    private const int MaxExamined = 2_000;

    private const string EventColumns =
        "xact, deployment_id, version, time, server_id, config_id, action, status, status_reason, actor, request_id, deleted, project_id";

    // Of a LIMIT that is a parameter the planner expects a tenth of the feed.
    private static readonly int[] PageSizes = [10, 100, 1_000, MaxExamined];

    private static readonly Dictionary<int, string> Ascending = PageSizes.ToDictionary(size => size, size => Statement(">", "ASC", size));
    private static readonly Dictionary<int, string> Descending = PageSizes.ToDictionary(size => size, size => Statement("<", "DESC", size));

    public Task<FeedChunk> ReadAsync(
        FeedFilter filter, FeedPosition? after, int count, bool descending, CancellationToken cancellationToken) =>
        database.RunAsync(
            async attempt =>
            {
                while (true)
                {
                    await epochs.RequireAsync(attempt.Token);
                    var examined = filter.HasCriteria ? Math.Max(count, MaxExamined) : count;
                    await using var command = await attempt.CreateCommandAsync(
                        (descending ? Descending : Ascending)[PageSizes.First(size => size >= examined)]);
                    AddParameters(command.Parameters, filter, after, descending, examined);
                    await using var rows = await command.ExecuteReaderAsync(attempt.Token);
                    if (await ReadAsync(rows, after ?? FeedPosition.Start, count, attempt.Token) is { } read)
                    {
                        return read;
                    }

                    epochs.Reset(); // the timeline is another
                    await attempt.Context.Database.CloseConnectionAsync(); // the verification needs one
                }
            },
            cancellationToken);

    private static void AddParameters(
        NpgsqlParameterCollection parameters, FeedFilter filter, FeedPosition? after, bool descending, int examined)
    {
        // Descending from nowhere begins after every event that there can be.
        var position = after ?? (descending ? new FeedPosition(ulong.MaxValue, Guid.AllBitsSet, int.MaxValue) : FeedPosition.Start);
        Add("project_id", NpgsqlDbType.Text, filter.ProjectId);
        Add("xact", NpgsqlDbType.Xid8, position.Transaction);
        Add("deployment_id", NpgsqlDbType.Uuid, position.DeploymentId);
        Add("version", NpgsqlDbType.Integer, position.Version);
        Add("count", NpgsqlDbType.Integer, examined);
        Add("of_server", NpgsqlDbType.Text, filter.ServerId);
        Add("of_config", NpgsqlDbType.Text, filter.ConfigId);
        Add("of_deployment", NpgsqlDbType.Uuid, filter.DeploymentId);
        Add("with_status", NpgsqlDbType.Text, filter.Status?.ToName());

        void Add(string name, NpgsqlDbType type, object? value) =>
            parameters.Add(new NpgsqlParameter(name, type) { Value = value ?? DBNull.Value });
    }

    /// <returns>Null where there is no epoch, or it is not that of the server.</returns>
    private static async Task<FeedChunk?> ReadAsync(
        DbDataReader rows, FeedPosition after, int count, CancellationToken cancellationToken)
    {
        var events = new List<FeedEntry>();
        var (last, size, isEnd, horizon) = (after, 0L, true, default(FeedHorizon));
        FeedState? state = null;
        while (await rows.ReadAsync(cancellationToken))
        {
            if (await rows.IsDBNullAsync(Column.IsCurrent, cancellationToken))
            {
                throw new UnavailableException(new InvalidOperationException("The server is a standby, which has no change feed."));
            }

            if (!rows.GetBoolean(Column.IsCurrent))
            {
                return null;
            }

            horizon = new FeedHorizon(rows.GetFieldValue<ulong>(Column.Horizon), rows.GetFieldValue<ulong>(Column.NextTransaction));
            state = new FeedState(
                rows.GetInt32(Column.Epoch),
                rows.IsDBNull(Column.FloorXact) ? FeedPosition.Start : new FeedPosition(rows.GetFieldValue<ulong>(Column.FloorXact), rows.GetGuid(Column.FloorDeploymentId), rows.GetInt32(Column.FloorVersion)),
                rows.GetBoolean(Column.PositionExists));
            if (rows.IsDBNull(Column.Xact))
            {
                break; // no event
            }

            if (events.Count == count || size > RowSize.MaxChunkBytes)
            {
                isEnd = false;
                break;
            }

            last = new FeedPosition(rows.GetFieldValue<ulong>(Column.Xact), rows.GetGuid(Column.DeploymentId), rows.GetInt32(Column.Version));
            isEnd = !rows.GetBoolean(Column.IsFollowed);
            if (rows.GetBoolean(Column.Matches))
            {
                var entry = Read(rows);
                events.Add(new FeedEntry(last, entry));
                size += RowSize.Of(entry);
            }
        }

        FeedMetrics.EventsRead.Add(events.Count);
        return state is { } known ? new FeedChunk(events, last, isEnd, known, horizon) : null;
    }

    private static FeedEventDto Read(DbDataReader row)
    {
        var version = row.GetInt32(Column.Version);
        return new FeedEventDto
        {
            Type = row.GetBoolean(Column.Deleted) ? FeedEventType.Deleted : version == 1 ? FeedEventType.Created : FeedEventType.Changed,
            DeploymentId = row.GetGuid(Column.DeploymentId),
            Version = version,
            Time = row.GetFieldValue<DateTimeOffset>(Column.Time),
            ServerId = row.GetString(Column.ServerId),
            ConfigId = row.GetString(Column.ConfigId),
            Action = row.IsDBNull(Column.Action) ? null : row.GetString(Column.Action),
            Status = DeploymentStatusNames.Parse(row.GetString(Column.Status))!.Value,
            StatusReason = row.IsDBNull(Column.StatusReason) ? null : row.GetString(Column.StatusReason),
            Actor = row.GetString(Column.Actor),
            RequestId = row.GetString(Column.RequestId),
        };
    }

    /// <remarks>
    /// A row for each event, or one without. An event of version 1.0 that is not completed yet takes its server, configuration and sharing
    /// from its deployment; one that is not shared is examined too, so that a page costs no more than it examines. The planner sees a parameter
    /// in a SELECT of its own as unknown: else it would find the plan for a place at hand cheaper than that for any, and plan each time.
    /// </remarks>
    /// <param name="after">The comparison with the position.</param>
    /// <param name="order">The order of the events.</param>
    /// <param name="pageSize">At least as much as <c>@count</c>: it changes no result, and tells the planner how many events there may be.</param>
    private static string Statement(string after, string order, int pageSize)
    {
        var inOrder = $"ORDER BY xact {order}, deployment_id {order}, version {order} LIMIT (SELECT @count)";
        var atMost = $"LIMIT {pageSize}";
        var position = $"(xact, deployment_id, version) {after} ((SELECT @xact), (SELECT @deployment_id), (SELECT @version)) AND xact < pg_snapshot_xmin(pg_current_snapshot())";
        return $"""
            SELECT epoch.timeline = {FeedEpochs.Timeline} AS is_current, pg_snapshot_xmin(pg_current_snapshot()) AS horizon,
                pg_snapshot_xmax(pg_current_snapshot()) AS next_transaction, epoch.epoch, floor.xact AS floor_xact, floor.deployment_id AS floor_deployment_id, floor.version AS floor_version,
                EXISTS (
                    SELECT FROM deployment_events AS entry
                    WHERE entry.project_id = (SELECT @project_id) AND entry.deployment_id = (SELECT @deployment_id) AND entry.version = (SELECT @version)
                        AND entry.xact = (SELECT @xact))
                OR EXISTS (
                    SELECT FROM project_shares AS share
                    JOIN deployment_events AS entry ON entry.project_id = share.owner_project_id
                    WHERE share.project_id = (SELECT @project_id) AND entry.deployment_id = (SELECT @deployment_id) AND entry.version = (SELECT @version)
                        AND entry.xact = (SELECT @xact)) AS position_exists,
                feed.xact, feed.deployment_id, feed.version, feed.time, feed.server_id, feed.config_id, feed.action, feed.status,
                feed.status_reason, feed.actor, feed.request_id, feed.deleted, feed.matches, feed.is_followed
            FROM change_feed_epoch AS epoch
            LEFT JOIN change_feed_floors AS floor ON floor.project_id = (SELECT @project_id)
            LEFT JOIN LATERAL (
                SELECT * FROM (
                    SELECT examined.*,
                        is_visible
                            AND (@of_server IS NULL OR server_id = @of_server)
                            AND (@of_config IS NULL OR config_id = @of_config)
                            AND (@of_deployment IS NULL OR deployment_id = @of_deployment)
                            AND (@with_status IS NULL OR status = @with_status) AS matches,
                        row_number() OVER () = (SELECT @count) AS is_followed,
                        row_number() OVER () = count(*) OVER () AS is_last
                    FROM (
                        SELECT entry.xact, entry.deployment_id, entry.version, entry.time,
                            COALESCE(entry.server_id, deployment.server_id, '') AS server_id,
                            COALESCE(entry.config_id, deployment.config_id, '') AS config_id,
                            entry.action, entry.status, entry.status_reason, entry.actor, entry.request_id,
                            COALESCE(entry.deleted, false) AS deleted, entry.is_visible
                        FROM (
                            SELECT * FROM (
                                (SELECT * FROM (
                                    SELECT {EventColumns}, true AS is_visible
                                    FROM deployment_events WHERE project_id = (SELECT @project_id) AND {position} {inOrder}
                                ) AS own {atMost})
                                UNION ALL
                                (SELECT shared.*
                                FROM project_shares AS share
                                CROSS JOIN LATERAL (
                                    SELECT * FROM (
                                        SELECT {EventColumns}, true AS is_visible
                                        FROM deployment_events
                                        WHERE project_id = share.owner_project_id AND stack_user_project_id = (SELECT @project_id) AND {position} {inOrder}
                                    ) AS page {atMost}
                                ) AS shared
                                WHERE share.project_id = (SELECT @project_id))
                                UNION ALL
                                (SELECT incomplete.*
                                FROM project_shares AS share
                                CROSS JOIN LATERAL (
                                    SELECT * FROM (
                                        SELECT {EventColumns}, EXISTS (
                                                SELECT FROM software_deployments AS deployment
                                                WHERE deployment.project_id = entry.project_id AND deployment.id = entry.deployment_id
                                                    AND deployment.stack_user_project_id = (SELECT @project_id)) AS is_visible
                                        FROM deployment_events AS entry
                                        WHERE project_id = share.owner_project_id AND deleted IS NULL AND {position} {inOrder}
                                    ) AS page {atMost}
                                ) AS incomplete
                                WHERE share.project_id = (SELECT @project_id))
                            ) AS entry
                            {inOrder}
                        ) AS entry
                        LEFT JOIN LATERAL (
                            SELECT server_id, config_id FROM software_deployments
                            WHERE entry.deleted IS NULL AND project_id = entry.project_id AND id = entry.deployment_id
                            LIMIT 1
                        ) AS deployment ON true
                        ORDER BY entry.xact {order}, entry.deployment_id {order}, entry.version {order}
                    ) AS examined
                ) AS examined
                WHERE matches OR is_last
            ) AS feed ON true
            WHERE epoch.id = 1
            ORDER BY feed.xact {order}, feed.deployment_id {order}, feed.version {order}
            """;
    }

    /// <summary>The columns of the statement, in its order.</summary>
    private static class Column
    {
        public const int IsCurrent = 0;
        public const int Horizon = 1;
        public const int NextTransaction = 2;
        public const int Epoch = 3;
        public const int FloorXact = 4;
        public const int FloorDeploymentId = 5;
        public const int FloorVersion = 6;
        public const int PositionExists = 7;
        public const int Xact = 8;
        public const int DeploymentId = 9;
        public const int Version = 10;
        public const int Time = 11;
        public const int ServerId = 12;
        public const int ConfigId = 13;
        public const int Action = 14;
        public const int Status = 15;
        public const int StatusReason = 16;
        public const int Actor = 17;
        public const int RequestId = 18;
        public const int Deleted = 19;
        public const int Matches = 20;
        public const int IsFollowed = 21;
    }
}
