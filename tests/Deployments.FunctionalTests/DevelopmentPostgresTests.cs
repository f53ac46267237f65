using System.Net.Sockets;
using Deployments.DevelopmentDatabase;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The PostgreSQL that a checkout has in Development: shared by all that run in it, and kept.</summary>
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
    public async Task Who_comes_second_joins_who_leaves_last_stops_it_and_the_next_finds_the_data_again()
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
    public async Task Who_could_not_start_it_does_not_count_among_its_users()
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
    public async Task Who_gives_up_starting_it_leaves_no_program_behind()
    {
        await LeaveAsync(await StartAsync());
        File.Delete(Path.Combine(folder!, "initialised")); // it is made anew, which takes a while
        using var made = new FileSystemWatcher(folder!, "data") { EnableRaisingEvents = true };
        using var patience = new CancellationTokenSource();
        made.Created += (_, _) => patience.Cancel();

        await Should.ThrowAsync<OperationCanceledException>(() => DevelopmentPostgres.StartAsync(owner, patience.Token));

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

    /// <summary>Those of all programs that run now.</summary>
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
                continue; // it has ended meanwhile
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
