using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Deployments.DevelopmentDatabase;
using Npgsql;

namespace Deployments.Benchmarks;

/// <summary>The base of every benchmark: a durable PostgreSQL of its own, keys, and the published service.</summary>
internal sealed class Bench : IAsyncDisposable
{
    // Set by whoever runs the benchmarks, like the rest of the environment.
    private static readonly string[] SamplerSettings = ["OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"];

    private readonly DevelopmentPostgres postgres;
    private readonly KeyFolder keys;

    private Bench(DevelopmentPostgres postgres, DirectoryInfo folder, KeyFolder keys)
    {
        this.postgres = postgres;
        Folder = folder;
        this.keys = keys;
        Database = NpgsqlDataSource.Create(postgres.ConnectionString);
    }

    /// <summary>A folder for files that are needed until the end.</summary>
    public DirectoryInfo Folder { get; }

    public NpgsqlDataSource Database { get; }

    private string ServiceProgram => Path.Combine(Folder.FullName, "service", "Deployments.Api.dll");

    public NpgsqlConnectionStringBuilder Connection => new(postgres.ConnectionString);

    public static async Task<Bench> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("deployments-benchmarks-");
        await RunAsync("dotnet", ["publish", ProjectFile(), "-c", "Release", "-o", Path.Combine(folder.FullName, "service"), "-v", "quiet", "--nologo"]);

        // Only more connections for pgbench's clients: fsync and synchronous_commit keep PostgreSQL's default, on.
        var postgres = await DevelopmentPostgres.StartTemporaryAsync(["max_connections=400"]);
        return new Bench(postgres, folder, new KeyFolder());
    }

    /// <summary>Starts the published service and waits until it is ready.</summary>
    public Task<ServiceProcess> StartServiceAsync(params (string Name, string Value)[] settings) =>
        StartAsync([ServiceProgram], settings);

    /// <summary>Starts another build of the service and waits until it is ready.</summary>
    /// <param name="program">Its published program.</param>
    /// <param name="settings">Its settings.</param>
    public Task<ServiceProcess> StartOtherServiceAsync(string program, params (string Name, string Value)[] settings) => StartAsync([program], settings);

    /// <summary>Runs a command of the published service, on a database, to its end.</summary>
    public Task<string> RunServiceAsync(string connectionString, params string[] command) => RunAsync(
        "dotnet",
        [ServiceProgram, .. command],
        ("ConnectionStrings__Deployments", connectionString));

    /// <summary>Starts the service that writes with SaveChanges of Entity Framework Core and waits until it is ready.</summary>
    public Task<ServiceProcess> StartServiceWithSaveChangesAsync() => StartAsync([typeof(Bench).Assembly.Location, SaveChangesService.Command], []);

    /// <summary>A token as an identity service would issue it: RS256, or ES256.</summary>
    public string CreateToken(string project, string subject, bool ecdsa = false) => new Token(project)
    {
        Subject = subject,
        Expires = DateTimeOffset.UtcNow.AddHours(8),
        Algorithm = ecdsa ? "ES256" : "RS256",
        Signature = ecdsa ? Token.Ec(keys.Ec) : Token.Rsa(keys.Rsa),
    }.ToString();

    public Task ExecuteAsync(string sql) => ExecuteAsync(Database, sql);

    public static async Task ExecuteAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Runs a client program of PostgreSQL against the database and returns its output.</summary>
    public Task<string> RunClientAsync(string program, params string[] arguments) => RunAsync(
        program,
        ["-h", Connection.Host!, "-p", Connection.Port.ToString(CultureInfo.InvariantCulture), "-U", Connection.Username!, .. arguments],
        ("PGPASSWORD", Connection.Password!),
        ("PGDATABASE", Connection.Database!));

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        await postgres.DisposeAsync();
        Folder.Delete(recursive: true);
        keys.Dispose();
    }

    /// <summary>The server's first process, the parent of all others.</summary>
    public async Task<int> PostmasterAsync()
    {
        await using var command = Database.CreateCommand("SELECT pg_backend_pid()");
        return Processes.ParentOf((int)(await command.ExecuteScalarAsync())!);
    }

    public static async Task<string> RunAsync(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} failed: {output}{await error}");
    }

    private Task<ServiceProcess> StartAsync(string[] program, (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string>
        {
            ["ConnectionStrings:Deployments"] = postgres.ConnectionString,
            ["Authentication:Schemes:Bearer:ValidIssuer"] = Token.TrustedIssuer,
            ["Authentication:Schemes:Bearer:ValidAudiences:0"] = Token.OurAudience,
            ["Authentication:PublicKeys"] = keys.Path,
        };
        foreach (var name in SamplerSettings)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
            {
                all[name] = value;
            }
        }

        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }

        // Logging is part of the service's work; its log is read as a log collector would read it.
        return ServiceProcess.StartReadyAsync(all, program, TextWriter.Null);
    }

    private static string ProjectFile([CallerFilePath] string thisFile = "") =>
        Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "src", "Deployments.Api");
}
