using System.Diagnostics;
using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace Deployments.Benchmarks;

/// <summary>
/// Deployments of one project and the first event of each, stored by COPY in a database of this version of the service, or the one before.
/// Ids are of version 7; every deployment is shared with one other project, as Heat's are.
/// </summary>
/// <param name="servers">How many servers they are of, in turn.</param>
/// <param name="configOf">The configuration of a deployment, counted from 0.</param>
/// <param name="timeOf">When it was created.</param>
internal sealed class Seed(int servers, Func<int, string> configOf, Func<int, DateTimeOffset> timeOf)
{
    public const string Project = "seed";
    public const string Receiver = "seed-users";

    /// <summary>Of 10,000 servers and 1,000 configurations that are not stored, a millisecond apart.</summary>
    public static readonly Seed Usual = new(10_000, n => $"config-{n % 1_000}", n => Start.AddMilliseconds(n));

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
        await Usual.FillAsync(database, count);
        return 0;
    }

    /// <summary>The id of a deployment, counted from 0.</summary>
    public Guid IdOf(int n)
    {
        Span<byte> id = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(id, ((ulong)timeOf(n).ToUnixTimeMilliseconds() << 16) | 0x7000);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(id[8..], 0x8000_0000_0000_0000 | (uint)n);
        return new Guid(id, bigEndian: true);
    }

    public async Task FillAsync(NpgsqlDataSource database, int rows)
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

    private async Task CopyDeploymentsAsync(NpgsqlDataSource database, IEnumerable<int> numbers)
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
            await copy.WriteAsync(configOf(n), NpgsqlDbType.Text);
            await copy.WriteAsync(ServerOf(n), NpgsqlDbType.Text);
            await copy.WriteAsync("CREATE", NpgsqlDbType.Text);
            await copy.WriteAsync("""{"port": 8080, "name": "web"}""", NpgsqlDbType.Json);
            await copy.WriteAsync(StatusOf(n), NpgsqlDbType.Text);
            await copy.WriteAsync("Deploy data available", NpgsqlDbType.Text);
            await copy.WriteAsync(Receiver, NpgsqlDbType.Text);
            await copy.WriteAsync(timeOf(n).UtcDateTime, NpgsqlDbType.TimestampTz);
            await copy.WriteAsync(1, NpgsqlDbType.Integer);
        }

        await copy.CompleteAsync();
    }

    private async Task CopyEventsAsync(NpgsqlDataSource database, IEnumerable<int> numbers, bool hasFeed)
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
            await copy.WriteAsync(timeOf(n).UtcDateTime, NpgsqlDbType.TimestampTz);
            await copy.WriteAsync("CREATE", NpgsqlDbType.Text);
            await copy.WriteAsync(StatusOf(n), NpgsqlDbType.Text);
            await copy.WriteAsync("Deploy data available", NpgsqlDbType.Text);
            await copy.WriteAsync("user:seed", NpgsqlDbType.Text);
            await copy.WriteAsync("req-01a20000-0000-7000-8000-000000000000", NpgsqlDbType.Text);
            if (hasFeed)
            {
                await copy.WriteAsync(ServerOf(n), NpgsqlDbType.Text);
                await copy.WriteAsync(configOf(n), NpgsqlDbType.Text);
                await copy.WriteAsync(Receiver, NpgsqlDbType.Text);
                await copy.WriteAsync(false, NpgsqlDbType.Boolean);
            }
        }

        await copy.CompleteAsync();
    }

    /// <summary>The server of a deployment, counted from 0.</summary>
    public string ServerOf(int n) => $"server-{n % servers}";

    private static string StatusOf(int n) => n % 10 < 8 ? "COMPLETE" : n % 10 == 8 ? "FAILED" : "IN_PROGRESS";
}
