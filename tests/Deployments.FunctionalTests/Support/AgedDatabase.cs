using Npgsql;

namespace Deployments.FunctionalTests.Support;

/// <summary>A database of one's own in which things may be old, with a service that deletes nothing by itself.</summary>
internal sealed class AgedDatabase : IAsyncDisposable
{
    // The first 48 bits of an id are its millisecond.
    private const string MakeOlder =
        """
        CREATE OR REPLACE FUNCTION pg_temp.older(id uuid) RETURNS uuid LANGUAGE sql AS $$
            SELECT (lpad(to_hex(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint - DAYS * 86400000::bigint), 12, '0')
                || substr(replace(id::text, '-', ''), 13))::uuid $$;
        UPDATE software_deployments AS deployment SET
            id = pg_temp.older(id),
            config_id = COALESCE((SELECT pg_temp.older(id)::text FROM software_configs WHERE id::text = deployment.config_id), config_id),
            creation_time = creation_time - interval 'DAYS days',
            updated_time = updated_time - interval 'DAYS days';
        UPDATE deployment_events SET deployment_id = pg_temp.older(deployment_id), time = time - interval 'DAYS days';
        UPDATE software_configs SET id = pg_temp.older(id), creation_time = creation_time - interval 'DAYS days';
        """;

    private AgedDatabase(string connectionString, Service service)
    {
        ConnectionString = connectionString;
        Source = NpgsqlDataSource.Create(connectionString);
        Service = service;
    }

    public string ConnectionString { get; }

    public NpgsqlDataSource Source { get; }

    public Service Service { get; }

    public static async Task<AgedDatabase> StartAsync()
    {
        var connectionString = await TestRun.Server.CreateDatabaseAsync();
        return new AgedDatabase(connectionString, await Service.StartReadyAsync(connectionString));
    }

    /// <summary>The id that <see cref="AgeAsync"/> gives.</summary>
    public static string Older(string id, int days)
    {
        var hex = id.Replace("-", "", StringComparison.Ordinal);
        var milliseconds = Convert.ToInt64(hex[..12], 16) - (days * 86_400_000L);
        return Guid.Parse($"{milliseconds:x12}{hex[12..]}").ToString();
    }

    /// <summary>Makes all that is stored older. Ids have the time in them, so they are others afterwards.</summary>
    public Task AgeAsync(int days) => ExecuteAsync(MakeOlder.Replace("DAYS", $"{days}", StringComparison.Ordinal));

    /// <summary>Starts a service that retains nothing for longer than the settings say, and waits until it has deleted what is overdue.</summary>
    public async Task<Service> RetainAsync(params (string Name, string Value)[] settings)
    {
        var service = await StartRetainingAsync(settings);
        try
        {
            await WaitForPassAsync(service);
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    public Task<Service> StartRetainingAsync(params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string>(Token.SigningKeys) { ["Logging:LogLevel:Default"] = "Debug" };
        foreach (var (name, value) in settings)
        {
            all[$"Deployments:{name}"] = value;
        }

        return Service.StartAsync(ConnectionString, all);
    }

    public static Task WaitForPassAsync(Service service) =>
        service.Log.WaitForAsync(line => line.Message.StartsWith("A pass of retention is complete", StringComparison.Ordinal));

    /// <summary>
    /// Waits until the feed has all that was committed: transactions of other tests, in any database of the server, hold it up as long as they
    /// are open.
    /// </summary>
    public static async Task WaitUntilFeedIsCompleteAsync()
    {
        await using var next = TestRun.Database.CreateCommand("SELECT pg_snapshot_xmax(pg_current_snapshot())::text");
        var last = (string)(await next.ExecuteScalarAsync())!;
        await using var isComplete = TestRun.Database.CreateCommand($"SELECT pg_snapshot_xmin(pg_current_snapshot()) >= '{last}'::xid8");
        while (!(bool)(await isComplete.ExecuteScalarAsync())!)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<long> CountAsync(string relation)
    {
        await using var command = Source.CreateCommand($"SELECT count(*) FROM {relation}");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await Source.DisposeAsync();
    }
}
