using System.Diagnostics;
using System.Net.Sockets;
using Npgsql;
using NUnit.Framework;

namespace Deployments.FunctionalTests.Support;

/// <summary>Debian's PgBouncer before a database.</summary>
internal sealed class PgBouncer : IAsyncDisposable
{
    private const string Program = "/usr/sbin/pgbouncer";

    private readonly Process process;
    private readonly string folder;

    private PgBouncer(Process process, string folder, string connectionString)
    {
        (this.process, this.folder, ConnectionString) = (process, folder, connectionString);
    }

    public string ConnectionString { get; }

    /// <param name="connectionString">The database.</param>
    /// <param name="mode"><c>session</c> or <c>transaction</c>.</param>
    /// <param name="poolSize">How many sessions of the server all of its clients share.</param>
    public static async Task<PgBouncer> StartAsync(string connectionString, string mode, int poolSize = 50)
    {
        if (!File.Exists(Program))
        {
            Assert.Ignore($"{Program} is not installed (Debian: apt-get install pgbouncer).");
        }

        var database = new NpgsqlConnectionStringBuilder(connectionString);
        var port = Ports.Free();
        var folder = Directory.CreateTempSubdirectory("pgbouncer").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "users"), $"\"{database.Username}\" \"{database.Password}\"\n");
        await File.WriteAllTextAsync(
            Path.Combine(folder, "pgbouncer.ini"),
            $"""
            [databases]
            {database.Database} = host={database.Host} port={database.Port} dbname={database.Database} user={database.Username} password={database.Password}

            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = plain
            auth_file = {folder}/users
            pool_mode = {mode}
            default_pool_size = {poolSize}
            max_client_conn = 200
            ignore_startup_parameters = extra_float_digits
            """);

        // It refuses root, and another user must be able to read its files.
        string[] command = Environment.IsPrivilegedProcess ? ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", Program] : [Program];
        using (var share = Process.Start("chmod", ["-R", "a+rX", folder]))
        {
            await share.WaitForExitAsync();
        }

        var process = Process.Start(new ProcessStartInfo(command[0], [.. command[1..], "-q", Path.Combine(folder, "pgbouncer.ini")])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var bouncer = new PgBouncer(process, folder, new NpgsqlConnectionStringBuilder(connectionString)
        {
            Host = "127.0.0.1",
            Port = port,
            SslMode = SslMode.Disable,
        }.ConnectionString);
        await bouncer.WaitUntilItListensAsync(port);
        return bouncer;
    }

    public ValueTask DisposeAsync()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task WaitUntilItListensAsync(int port)
    {
        while (true)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync("127.0.0.1", port);
                return;
            }
            catch (SocketException) when (!process.HasExited)
            {
                await Task.Delay(20);
            }
        }
    }
}
