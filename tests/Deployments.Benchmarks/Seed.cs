using System.Diagnostics;
using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace Deployments.Benchmarks;

/// <summary>
/// Fills a database of this version of the service, or the one before, with deployments of one project and the first event of each, by
/// COPY. Ids are of version 7, a millisecond apart; every deployment is shared with one other project, as Heat's are.
/// </summary>
internal static class Seed
{
    public const string Project = "seed";
    public const string Receiver = "seed-users";
    public const int Servers = 10_000;

    private const string Setting = "ConnectionStrings__Deployments";
    private const int RowsAtOnce = 100_000;
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Fills the database of the environment's connection string.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string rows)
    {
        if (!int.TryParse(rows, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var count) || count < 1
            || Environment.GetEnvironmentVariable(Setting) is not { Length: > 0 } connectionString)
        {
            Console.Error.WriteLine($"seed needs a number of deployments, and a database in {Setting} that the service has migrated.");
            return 2;
        }

        await using var database = NpgsqlDataSource.Create(connectionString);
        await FillAsync(database, count);
        return 0;
    }

    /// <summary>The id of a deployment, counted from 0.</summary>
    public static Guid IdOf(int n)
    {
        Span<byte> id = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(id, ((ulong)(Start.ToUnixTimeMilliseconds() + n) << 16) | 0x7000);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(id[8..], 0x8000_0000_0000_0000 | (uint)n);
        return new Guid(id, bigEndian: true);
    }

    public static async Task FillAsync(NpgsqlDataSource database, int rows)
    {
        var started = Stopwatch.GetTimestamp();
        var hasFeed = await HasFeedAsync(database);
        if (hasFeed)
        {
            await using var share = database.CreateCommand("INSERT INTO project_shares VALUES ($1, $2) ON CONFLICT DO NOTHING");
            share.Parameters.AddWithValue(Receiver);
            share.Parameters.AddWithValue(Project);
            await share.ExecuteNonQueryAsync();
        }

        for (var first = 0; first < rows; first += RowsAtOnce)
        {
            var numbers = Enumerable.Range(first, Math.Min(RowsAtOnce, rows - first)).ToList();
            await Task.WhenAll(CopyDeploymentsAsync(database, numbers), CopyEventsAsync(database, numbers, hasFeed));
        }

        await using var analyze = database.CreateCommand("VACUUM ANALYZE software_deployments, deployment_events");
        analyze.CommandTimeout = 0;
        await analyze.ExecuteNonQueryAsync();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{rows:N0} deployments with an event each stored in {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s."));
    }

    private static async Task<bool> HasFeedAsync(NpgsqlDataSource database)
    {
        await using var ask = database.CreateCommand("SELECT to_regclass('project_shares') IS NOT NULL");
        return (bool)(await ask.ExecuteScalarAsync())!;
    }

    private static async Task CopyDeploymentsAsync(NpgsqlDataSource database, IEnumerable<int> numbers)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var copy = await connection.BeginBinaryImportAsync(
            """
            COPY software_deployments (
                project_id, id, config_id, server_id, action, input_values, status, status_reason, stack_user_project_id, creation_time, version)
            FROM STDIN (FORMAT BINARY)
            """);
        foreach (var n in numbers)
        {
            await copy.StartRowAsync();
            await copy.WriteAsync(Project, NpgsqlDbType.Text);
            await copy.WriteAsync(IdOf(n), NpgsqlDbType.Uuid);
            await copy.WriteAsync(ConfigOf(n), NpgsqlDbType.Text);
            await copy.WriteAsync(ServerOf(n), NpgsqlDbType.Text);
            await copy.WriteAsync("CREATE", NpgsqlDbType.Text);
            await copy.WriteAsync("""{"port": 8080, "name": "web"}""", NpgsqlDbType.Json);
            await copy.WriteAsync(StatusOf(n), NpgsqlDbType.Text);
            await copy.WriteAsync("Deploy data available", NpgsqlDbType.Text);
            await copy.WriteAsync(Receiver, NpgsqlDbType.Text);
            await copy.WriteAsync(TimeOf(n), NpgsqlDbType.TimestampTz);
            await copy.WriteAsync(1, NpgsqlDbType.Integer);
        }

        await copy.CompleteAsync();
    }

    private static async Task CopyEventsAsync(NpgsqlDataSource database, IEnumerable<int> numbers, bool hasFeed)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var copy = await connection.BeginBinaryImportAsync(
            $"""
            COPY deployment_events (
                project_id, deployment_id, version, time, action, status, status_reason, actor, request_id
                {(hasFeed ? ", server_id, config_id, stack_user_project_id, deleted" : string.Empty)})
            FROM STDIN (FORMAT BINARY)
            """);
        foreach (var n in numbers)
        {
            await copy.StartRowAsync();
            await copy.WriteAsync(Project, NpgsqlDbType.Text);
            await copy.WriteAsync(IdOf(n), NpgsqlDbType.Uuid);
            await copy.WriteAsync(1, NpgsqlDbType.Integer);
            await copy.WriteAsync(TimeOf(n), NpgsqlDbType.TimestampTz);
            await copy.WriteAsync("CREATE", NpgsqlDbType.Text);
            await copy.WriteAsync(StatusOf(n), NpgsqlDbType.Text);
            await copy.WriteAsync("Deploy data available", NpgsqlDbType.Text);
            await copy.WriteAsync("user:seed", NpgsqlDbType.Text);
            await copy.WriteAsync("req-01a20000-0000-7000-8000-000000000000", NpgsqlDbType.Text);
            if (hasFeed)
            {
                await copy.WriteAsync(ServerOf(n), NpgsqlDbType.Text);
                await copy.WriteAsync(ConfigOf(n), NpgsqlDbType.Text);
                await copy.WriteAsync(Receiver, NpgsqlDbType.Text);
                await copy.WriteAsync(false, NpgsqlDbType.Boolean);
            }
        }

        await copy.CompleteAsync();
    }

    private static string ServerOf(int n) => $"server-{n % Servers}";

    private static string ConfigOf(int n) => $"config-{n % 1_000}";

    private static string StatusOf(int n) => n % 10 < 8 ? "COMPLETE" : n % 10 == 8 ? "FAILED" : "IN_PROGRESS";

    private static DateTime TimeOf(int n) => Start.UtcDateTime.AddMilliseconds(n);
}
