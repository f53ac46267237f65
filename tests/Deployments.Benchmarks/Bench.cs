using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Deployments.DevelopmentDatabase;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Npgsql;

namespace Deployments.Benchmarks;

/// <summary>What every benchmark stands on: a durable PostgreSQL of its own, keys, and the published service.</summary>
internal sealed class Bench : IAsyncDisposable
{
    private const string Issuer = "benchmarks";
    private const string Audience = "deployments";

    private readonly DevelopmentPostgres postgres;
    private readonly RSA key;
    private readonly ECDsa curve;

    private Bench(DevelopmentPostgres postgres, DirectoryInfo folder, RSA key, ECDsa curve)
    {
        this.postgres = postgres;
        Folder = folder;
        this.key = key;
        this.curve = curve;
        Database = NpgsqlDataSource.Create(postgres.ConnectionString);
    }

    public SigningCredentials Es256 => new(new ECDsaSecurityKey(curve), SecurityAlgorithms.EcdsaSha256);

    /// <summary>Where files can be left until the end.</summary>
    public DirectoryInfo Folder { get; }

    public NpgsqlDataSource Database { get; }

    public NpgsqlConnectionStringBuilder Connection => new(postgres.ConnectionString);

    public static async Task<Bench> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("deployments-benchmarks-");
        var key = RSA.Create(2048);
        var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var keys = folder.CreateSubdirectory("keys").FullName;
        await File.WriteAllTextAsync(Path.Combine(keys, "rsa.pem"), key.ExportSubjectPublicKeyInfoPem());
        await File.WriteAllTextAsync(Path.Combine(keys, "curve.pem"), curve.ExportSubjectPublicKeyInfoPem());
        await RunAsync("dotnet", ["publish", ProjectFile(), "-c", "Release", "-o", Path.Combine(folder.FullName, "service"), "-v", "quiet", "--nologo"]);

        // Nothing but room for pgbench's clients: fsync and synchronous_commit stay as PostgreSQL has them, on.
        var postgres = await DevelopmentPostgres.StartTemporaryAsync(["max_connections=300"]);
        return new Bench(postgres, folder, key, curve);
    }

    /// <summary>Starts the published service and waits until it is ready.</summary>
    public Task<Service> StartServiceAsync(params (string Name, string Value)[] settings) =>
        StartAsync([Path.Combine(Folder.FullName, "service", "Deployments.Api.dll")], settings);

    /// <summary>Starts the service with Entity Framework Core's usual way to write, and waits until it is ready.</summary>
    public Task<Service> StartServiceWithSaveChangesAsync() => StartAsync([typeof(Bench).Assembly.Location, SaveChangesService.Command], []);

    /// <summary>A token, as an identity service would issue it: RS256, unless another key is given.</summary>
    public string CreateToken(string project, string subject, SigningCredentials? credentials = null) => new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
    {
        Issuer = Issuer,
        Audience = Audience,
        Expires = DateTime.UtcNow.AddHours(8),
        Claims = new Dictionary<string, object> { ["sub"] = subject, ["project_id"] = project, ["roles"] = new[] { "member" } },
        SigningCredentials = credentials ?? new SigningCredentials(new RsaSecurityKey(key), SecurityAlgorithms.RsaSha256),
    });

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Runs one of PostgreSQL's client programs against the database and gives back what it printed.</summary>
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
        key.Dispose();
        curve.Dispose();
    }

    /// <summary>The server's first process, whose children all others are.</summary>
    public async Task<int> PostmasterAsync()
    {
        await using var command = Database.CreateCommand("SELECT pg_backend_pid()");
        const int parent = 1;
        return int.Parse(StatOf((int)(await command.ExecuteScalarAsync())!)[parent], CultureInfo.InvariantCulture);
    }

    public static IEnumerable<int> ChildrenOf(int process) =>
        File.ReadAllText($"/proc/{process}/task/{process}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(child => int.Parse(child, CultureInfo.InvariantCulture));

    /// <summary>The kernel's numbers of a process, from its state on; none when it has ended.</summary>
    public static string[] StatOf(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return [];
        }
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

    private Task<Service> StartAsync(string[] program, (string Name, string Value)[] settings) => Service.StartAsync(
        program,
        [
            ("ConnectionStrings__Deployments", postgres.ConnectionString),
            ("Authentication__Schemes__Bearer__ValidIssuer", Issuer),
            ("Authentication__Schemes__Bearer__ValidAudiences__0", Audience),
            ("Authentication__PublicKeys", Path.Combine(Folder.FullName, "keys")),
            .. settings,
        ]);

    private static string ProjectFile([CallerFilePath] string thisFile = "") =>
        Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "src", "Deployments.Api");
}
