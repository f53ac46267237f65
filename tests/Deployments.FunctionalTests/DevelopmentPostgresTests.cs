using System.Net.Sockets;
using Deployments.DevelopmentDatabase;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The PostgreSQL that a checkout has in Development: shared by all processes that run in it, and kept.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DevelopmentPostgresTests
{
    private readonly List<DevelopmentPostgres> users = [];
    private string owner = null!;
    private string? folder;

    [SetUp]
    public void MakeOwner()
    {
        try
        {
            PostgresBinaries.Find();
        }
        catch (InvalidOperationException missing)
        {
            Assert.Ignore(missing.Message);
        }

        owner = Directory.CreateTempSubdirectory("deployments-owner-").FullName;
    }

    [TearDown]
    public async Task LeaveNothingAsync()
    {
        foreach (var user in users.ToList())
        {
            await LeaveAsync(user);
        }

        foreach (var made in new[] { owner, folder }.Where(Directory.Exists))
        {
            Directory.Delete(made!, recursive: true);
        }
    }

    [Test]
    public async Task Second_start_joins_the_last_dispose_stops_it_and_the_next_start_keeps_the_data()
    {
        var first = await StartAsync();
        var second = await StartAsync();
        second.ConnectionString.ShouldBe(first.ConnectionString);
        await ExecuteAsync(first, "CREATE TABLE kept AS SELECT 'what was stored' AS text");

        await LeaveAsync(first);
        (await ExecuteAsync(second, "SELECT text FROM kept")).ShouldBe("what was stored");

        await LeaveAsync(second);
        await ShouldBeStoppedAsync(second);

        var third = await StartAsync();
        (await ExecuteAsync(third, "SELECT text FROM kept")).ShouldBe("what was stored");
    }

    [Test]
    public async Task Failed_start_is_not_counted_as_a_user()
    {
        await LeaveAsync(await StartAsync());
        var configuration = Path.Combine(folder!, "data", "postgresql.conf");

        File.Move(configuration, configuration + ".away");
        await Should.ThrowAsync<InvalidOperationException>(() => DevelopmentPostgres.StartAsync(owner));
        File.Move(configuration + ".away", configuration);

        var only = await StartAsync();
        await LeaveAsync(only);
        await ShouldBeStoppedAsync(only);
    }

    [Test]
    public async Task Cancelled_start_leaves_no_process_running()
    {
        await LeaveAsync(await StartAsync());
        File.Delete(Path.Combine(folder!, "initialised")); // forces initdb, which takes a while
        using var made = new FileSystemWatcher(folder!, "data") { EnableRaisingEvents = true };
        using var cancellation = new CancellationTokenSource();
        made.Created += (_, _) => cancellation.Cancel();

        await Should.ThrowAsync<OperationCanceledException>(() => DevelopmentPostgres.StartAsync(owner, cancellation.Token));

        CommandLines().ShouldNotContain(line => line.Contains(folder!, StringComparison.Ordinal));
        await ExecuteAsync(await StartAsync(), "SELECT 1");
    }

    private async Task<DevelopmentPostgres> StartAsync()
    {
        var postgres = await DevelopmentPostgres.StartAsync(owner);
        users.Add(postgres);
        folder ??= Path.GetDirectoryName((string?)await ExecuteAsync(postgres, "SHOW data_directory"));
        return postgres;
    }

    private async Task LeaveAsync(DevelopmentPostgres postgres)
    {
        users.Remove(postgres);
        await postgres.DisposeAsync();
    }

    private static async Task ShouldBeStoppedAsync(DevelopmentPostgres postgres) =>
        (await Should.ThrowAsync<NpgsqlException>(() => ExecuteAsync(postgres, "SELECT 1")))
            .InnerException.ShouldBeOfType<SocketException>().SocketErrorCode.ShouldBe(SocketError.ConnectionRefused);

    /// <summary>The command lines of all running processes.</summary>
    private static IEnumerable<string> CommandLines()
    {
        foreach (var process in Directory.GetDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _)))
        {
            string line;
            try
            {
                line = File.ReadAllText(Path.Combine(process, "cmdline"));
            }
            catch (IOException)
            {
                continue; // the process has ended in the meantime
            }

            yield return line;
        }
    }

    private static async Task<object?> ExecuteAsync(DevelopmentPostgres postgres, string sql)
    {
        await using var connection = new NpgsqlConnection($"{postgres.ConnectionString};Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
