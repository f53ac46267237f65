using System.Globalization;
using System.Security.Cryptography;
using Deployments.DevelopmentDatabase;
using Npgsql;

namespace Deployments.FaultTests.Support;

/// <summary>
/// A PostgreSQL server that can be killed, paused, restarted, followed by a standby and promoted. It is made of PostgreSQL's own
/// programs, and as durable as they make it.
/// </summary>
internal sealed class Postgres : IAsyncDisposable
{
    private const string Superuser = "deployments";
    private static readonly TimeSpan PollingPause = TimeSpan.FromMilliseconds(20);

    private readonly PostgresBinaries programs;
    private readonly string folder;
    private readonly string password;
    private readonly string[] settings;
    private readonly CleanupWatchdog guard;

    private Postgres(PostgresBinaries programs, string folder, string password, string[] settings)
    {
        this.programs = programs;
        this.folder = folder;
        this.password = password;
        this.settings = settings;
        guard = new CleanupWatchdog("""kill -9 "$(head -n 1 "$1")"; sleep 1; rm -rf "$2" """, ServerFile, folder);
        Administration = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false });
    }

    public int Port { get; } = Ports.Free();

    public string ConnectionString => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = Port,
        Username = Superuser,
        Password = password,
        Database = "postgres",
    }.ConnectionString;

    /// <summary>The tests' own way to the database, past every proxy, with a new connection for each command.</summary>
    public NpgsqlDataSource Administration { get; }

    private string Data => Path.Combine(folder, "data");

    private string PasswordFile => Path.Combine(folder, "password");

    private string ServerFile => Path.Combine(Data, "postmaster.pid");

    private int Postmaster => int.Parse(File.ReadLines(ServerFile).First(), CultureInfo.InvariantCulture);

    /// <summary>Makes an empty server and starts it.</summary>
    /// <param name="settings">Server settings such as <c>max_connections=20</c>.</param>
    public static Task<Postgres> StartAsync(params string[] settings) =>
        StartAsync(RandomNumberGenerator.GetHexString(32, lowercase: true), settings);

    /// <summary>Makes another empty server with the same settings and the same password.</summary>
    public Task<Postgres> StartAnotherAsync() => StartAsync(password, settings);

    /// <summary>Makes another server, which follows this one; see <see cref="FollowAsync"/>.</summary>
    public async Task<Postgres> StartStandbyAsync()
    {
        var standby = await PrepareAsync(password, settings);
        await standby.FollowAsync(this);
        return standby;
    }

    /// <summary>Where the database is reached on whichever of the two servers is the primary.</summary>
    public string ConnectionStringWith(Postgres other) => new NpgsqlConnectionStringBuilder(ConnectionString)
    {
        Host = $"127.0.0.1:{Port},127.0.0.1:{other.Port}",
        TargetSessionAttributes = "primary",
    }.ConnectionString;

    /// <summary>Starts the server on what it finds in its folder. Returns when it takes connections.</summary>
    public Task StartServerAsync() => programs.StartAsync(Data, Port, Path.Combine(folder, "server.log"), settings, CancellationToken.None);

    /// <summary>Kills the server's first process. Returns when those that it leaves behind have noticed.</summary>
    public async Task KillAsync()
    {
        var postmaster = Postmaster;
        var children = Processes.ChildrenOf(postmaster);
        Processes.Send(Signal.Kill, postmaster);
        await Processes.WaitForEndAsync([postmaster, .. children]);
        File.Delete(ServerFile);
    }

    /// <summary>Stops every process of the server where it stands, until the pause is disposed.</summary>
    public IDisposable Pause() => new Paused(Postmaster);

    /// <summary>Forgets all, copies the primary, and follows it. Returns when the primary waits for this server at every commit.</summary>
    public async Task FollowAsync(Postgres primary)
    {
        if (Directory.Exists(Data))
        {
            Directory.Delete(Data, recursive: true);
        }

        await programs.WritePrivateFileAsync(
            PasswordFile, $"127.0.0.1:{primary.Port}:*:{Superuser}:{password}", CancellationToken.None);
        await RunAsync(
            "pg_basebackup",
            "-D", Data, "-R", "-X", "stream", "-c", "fast", "--no-sync",
            "-d", $"host=127.0.0.1 port={primary.Port} user={Superuser} passfile={PasswordFile}");
        await StartServerAsync();

        await primary.ExecuteAsync("ALTER SYSTEM SET synchronous_standby_names = '*'");
        await primary.ExecuteAsync("SELECT pg_reload_conf()");
        while (await primary.CountAsync("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == 0)
        {
            await Task.Delay(PollingPause);
        }
    }

    /// <summary>Fills the empty database with a dump of another server's.</summary>
    public async Task RestoreAsync(Postgres other)
    {
        var dump = Path.Combine(folder, "dump.sql");
        await programs.WritePrivateFileAsync(
            PasswordFile, string.Join('\n', new[] { other.Port, Port }.Select(port => $"127.0.0.1:{port}:*:{Superuser}:{password}")), CancellationToken.None);
        await RunAsync("pg_dump", "-f", dump, "-d", AddressOf(other.Port));
        await RunAsync("psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", dump, "-d", AddressOf(Port));

        string AddressOf(int port) => $"host=127.0.0.1 port={port} user={Superuser} dbname=postgres passfile={PasswordFile}";
    }

    /// <summary>Makes a primary of a standby. It waits for no standby of its own until one follows it.</summary>
    public Task PromoteAsync() => RunAsync("pg_ctl", "promote", "-D", Data, "-w");

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Administration.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<long> CountAsync(string sql)
    {
        await using var command = Administration.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public async Task<IReadOnlyList<string>> ListAsync(string sql)
    {
        var values = new List<string>();
        await using var command = Administration.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            values.Add(reader.GetString(0));
        }

        return values;
    }

    public async ValueTask DisposeAsync()
    {
        await Administration.DisposeAsync();
        if (File.Exists(ServerFile))
        {
            await KillAsync(); // nothing of it is kept
        }

        Directory.Delete(folder, recursive: true);
        guard.Dispose();
    }

    private static async Task<Postgres> StartAsync(string password, string[] settings)
    {
        var postgres = await PrepareAsync(password, settings);
        var passwordFile = Path.Combine(postgres.folder, "superuser");
        await postgres.programs.WritePrivateFileAsync(passwordFile, password, CancellationToken.None);
        await postgres.programs.InitialiseAsync(postgres.Data, Superuser, passwordFile, CancellationToken.None);
        await postgres.StartServerAsync();
        return postgres;
    }

    private static async Task<Postgres> PrepareAsync(string password, string[] settings)
    {
        var programs = PostgresBinaries.Find();
        var folder = await programs.MakePrivateFolderAsync($"faults-{Environment.ProcessId}-{Path.GetRandomFileName()}", CancellationToken.None);
        return new Postgres(programs, folder, password, settings);
    }

    private Task RunAsync(string program, params string[] arguments) => programs.RunAsync(program, arguments, CancellationToken.None);

    private sealed class Paused : IDisposable
    {
        private readonly List<int> stopped = [];
        private readonly CleanupWatchdog guard;

        public Paused(int postmaster)
        {
            Stop(postmaster); // first, so that it makes no more children
            foreach (var child in Processes.ChildrenOf(postmaster))
            {
                Stop(child);
            }

            guard = new CleanupWatchdog("""kill -CONT "$@" """, stopped.Select(process => $"{process}"));
        }

        public void Dispose()
        {
            stopped.ForEach(process => Processes.Send(Signal.Continue, process));
            guard.Dispose();
        }

        private void Stop(int process)
        {
            Processes.Send(Signal.Stop, process);
            stopped.Add(process);
        }
    }
}
