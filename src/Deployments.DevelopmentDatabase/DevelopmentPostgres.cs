using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Deployments.DevelopmentDatabase;

/// <summary>
/// A private PostgreSQL server from the programs installed on the machine: on a loopback port, with a password, its data in a
/// private folder. Several processes may share it; the last one stops it.
/// </summary>
public sealed class DevelopmentPostgres : IAsyncDisposable
{
    private const string Superuser = "deployments";
    private const int StartAttempts = 5;

    private readonly PostgresBinaries programs;
    private readonly string folder;
    private readonly bool temporary;
    private readonly FileStream usageLock;

    private DevelopmentPostgres(PostgresBinaries programs, string folder, bool temporary, FileStream usage, string connectionString)
    {
        this.programs = programs;
        this.folder = folder;
        this.temporary = temporary;
        this.usageLock = usage;
        ConnectionString = connectionString;
    }

    /// <summary>The connection string of its database.</summary>
    public string ConnectionString { get; }

    /// <summary>Starts, or shares, the server of the given folder (a checkout), whose data is kept between runs.</summary>
    public static Task<DevelopmentPostgres> StartAsync(string owner, CancellationToken cancellationToken = default)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(owner))))[..12];
        return StartAsync(name, temporary: false, settings: [], cancellationToken);
    }

    /// <summary>Starts a server whose data is deleted when it stops.</summary>
    /// <param name="settings">Server settings such as <c>fsync=off</c>.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static Task<DevelopmentPostgres> StartTemporaryAsync(IEnumerable<string> settings, CancellationToken cancellationToken = default) =>
        StartAsync($"{Environment.ProcessId}-{Path.GetRandomFileName()}", temporary: true, settings, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await usageLock.DisposeAsync();

        await using var starting = await LockAsync(Path.Combine(folder, "starting.lock"), CancellationToken.None);
        if (TryOpen(Path.Combine(folder, "usage.lock"), FileAccess.ReadWrite, FileShare.None) is { } alone)
        {
            await alone.DisposeAsync();
            await programs.RunAsync("pg_ctl", ["stop", "-D", DataOf(folder), "-m", "fast", "-w"], CancellationToken.None);
            if (temporary)
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private static async Task<DevelopmentPostgres> StartAsync(
        string name, bool temporary, IEnumerable<string> settings, CancellationToken cancellationToken)
    {
        var programs = PostgresBinaries.Find();
        var folder = await programs.MakePrivateFolderAsync($"{name}-{programs.MajorVersion}", cancellationToken);

        await using var starting = await LockAsync(Path.Combine(folder, "starting.lock"), cancellationToken);
        var usage = TryOpen(Path.Combine(folder, "usage.lock"), FileAccess.Read, FileShare.Read)
            ?? throw new InvalidOperationException($"{folder} is in use by another process.");

        try
        {
            var password = await InitialiseAsync(programs, folder, cancellationToken);
            var port = await RunningPortAsync(programs, folder, cancellationToken)
                ?? await StartServerAsync(programs, folder, settings, cancellationToken);

            var connectionString = new NpgsqlConnectionStringBuilder
            {
                Host = "127.0.0.1",
                Port = port,
                Username = Superuser,
                Password = password,
                Database = "postgres",
            }.ConnectionString;
            return new DevelopmentPostgres(programs, folder, temporary, usage, connectionString);
        }
        catch
        {
            await usage.DisposeAsync(); // otherwise the last process would not recognise that it is the last
            throw;
        }
    }

    private static async Task<string> InitialiseAsync(PostgresBinaries programs, string folder, CancellationToken cancellationToken)
    {
        var passwordFile = Path.Combine(folder, "password");
        if (!File.Exists(Path.Combine(folder, "initialised")))
        {
            if (Directory.Exists(DataOf(folder)))
            {
                Directory.Delete(DataOf(folder), recursive: true); // an earlier start was interrupted
            }

            await programs.WritePrivateFileAsync(
                passwordFile, RandomNumberGenerator.GetHexString(32, lowercase: true), cancellationToken);
            await programs.InitialiseAsync(DataOf(folder), Superuser, passwordFile, cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(folder, "initialised"), string.Empty, cancellationToken);
        }

        return await File.ReadAllTextAsync(passwordFile, cancellationToken);
    }

    private static async Task<int?> RunningPortAsync(PostgresBinaries programs, string folder, CancellationToken cancellationToken)
    {
        const int portLine = 3;
        return await programs.SucceedsAsync("pg_ctl", ["status", "-D", DataOf(folder)], cancellationToken)
            ? int.Parse(File.ReadAllLines(Path.Combine(DataOf(folder), "postmaster.pid"))[portLine], CultureInfo.InvariantCulture)
            : null;
    }

    private static async Task<int> StartServerAsync(
        PostgresBinaries programs, string folder, IEnumerable<string> settings, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var port = FreePort();
            try
            {
                await programs.StartAsync(DataOf(folder), port, Path.Combine(folder, "server.log"), settings, cancellationToken);
                return port;
            }
            catch (InvalidOperationException) when (attempt < StartAttempts)
            {
                // Another process has taken the port in the meantime.
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task<FileStream> LockAsync(string path, CancellationToken cancellationToken)
    {
        FileStream? file;
        while ((file = TryOpen(path, FileAccess.ReadWrite, FileShare.None)) is null)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        }

        return file;
    }

    private static FileStream? TryOpen(string path, FileAccess access, FileShare share)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, access, share);
        }
        catch (IOException exception) when (exception is not (DirectoryNotFoundException or FileNotFoundException))
        {
            return null;
        }
    }

    private static string DataOf(string folder) => Path.Combine(folder, "data");
}
