using Deployments.DevelopmentDatabase;
using DotNet.Testcontainers.Builders;
using Npgsql;
using Testcontainers.PostgreSql;

namespace Deployments.TestSupport;

/// <summary>
/// A PostgreSQL server to test on, and a database of one's own on it. TEST_DATABASE says where the server is: a connection string,
/// <c>container</c>, or <c>local</c> (made of the programs installed on the machine). Unset: a container where a Docker engine responds,
/// else local.
/// </summary>
internal sealed class TestDatabase : IAsyncDisposable
{
    private const string Variable = "TEST_DATABASE";
    private const string Image = "postgres:17-alpine";

    // Not durable, and with connections for the pools of all the services that run at the same time.
    private static readonly string[] ServerSettings =
        ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=400"];

    private readonly string serverConnectionString;
    private readonly NpgsqlDataSource server;
    private readonly IAsyncDisposable? owner;
    private readonly List<string> names = [];

    private TestDatabase(string serverConnectionString, IAsyncDisposable? owner, string description)
    {
        this.serverConnectionString = serverConnectionString;
        server = NpgsqlDataSource.Create(serverConnectionString);
        this.owner = owner;
        Description = description;
    }

    /// <summary>Where the server comes from.</summary>
    public string Description { get; }

    /// <summary>Starts it. Without a server, no test of the assembly can run: one sentence says so and ends the run.</summary>
    public static async Task<TestDatabase> StartAsync()
    {
        try
        {
            var database = await FindAsync(Environment.GetEnvironmentVariable(Variable));
            await using var connection = await database.server.OpenConnectionAsync();
            return database;
        }
        catch (Exception exception)
        {
            // Not Console.Error, which NUnit captures: what it has captured at the exit may be lost.
            await using (var error = new StreamWriter(Console.OpenStandardError()))
            {
                await error.WriteLineAsync(
                    $"The tests need a PostgreSQL server. {Variable} says where it is: local (made of PostgreSQL's programs on this machine), container "
                    + $"(a Docker engine that has or can pull {Image}) or a connection string. {exception.GetBaseException().Message}");
            }

            Environment.Exit(1);
            throw;
        }
    }

    /// <summary>A new, empty database that no other test uses; it is dropped at the end.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"deployments_test_{Guid.NewGuid():N}";

        // With a linguistic collation, as many servers have: code that needs byte order must ask for it.
        await using var create = server.CreateCommand($"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'");
        await create.ExecuteNonQueryAsync();
        lock (names)
        {
            names.Add(name);
        }

        // Patient with a busy machine, as the time budgets of the tests' services are.
        return new NpgsqlConnectionStringBuilder(serverConnectionString) { Database = name, Timeout = 60, CommandTimeout = 60 }.ConnectionString;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in names)
        {
            await using var drop = server.CreateCommand($"DROP DATABASE {name} WITH (FORCE)");
            await drop.ExecuteNonQueryAsync();
        }

        await server.DisposeAsync();
        if (owner is not null)
        {
            await owner.DisposeAsync();
        }
    }

    private static async Task<TestDatabase> FindAsync(string? variable) => variable switch
    {
        "container" => await StartContainerAsync(BuildContainer()),
        "local" => await StartLocalAsync(),
        null or "" => await StartContainerOrLocalAsync(),
        var connectionString => new TestDatabase(connectionString, null, $"the server that {Variable} names"),
    };

    private static async Task<TestDatabase> StartContainerOrLocalAsync()
    {
        PostgreSqlContainer container;
        try
        {
            container = BuildContainer();
        }
        catch (DockerUnavailableException)
        {
            return await StartLocalAsync();
        }

        // A Docker engine responds: from here on a failure is not a reason to start a local server.
        return await StartContainerAsync(container);
    }

    private static PostgreSqlContainer BuildContainer() => new PostgreSqlBuilder(Image)
        .WithCommand([.. ServerSettings.SelectMany(setting => new[] { "-c", setting })])
        .Build();

    private static async Task<TestDatabase> StartContainerAsync(PostgreSqlContainer container)
    {
        await container.StartAsync();
        return new TestDatabase(container.GetConnectionString(), container, $"a container of {Image}");
    }

    private static async Task<TestDatabase> StartLocalAsync()
    {
        var postgres = await DevelopmentPostgres.StartTemporaryAsync(ServerSettings);
        return new TestDatabase(postgres.ConnectionString, postgres, "a private server, made of this machine's PostgreSQL");
    }
}
