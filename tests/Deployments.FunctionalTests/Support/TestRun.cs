using Deployments.FunctionalTests.Support;
using Npgsql;
using NUnit.Framework;

[assembly: Parallelizable(ParallelScope.All)]
[assembly: LevelOfParallelism(4)] // most tests wait for the service rather than compute

namespace Deployments.FunctionalTests;

/// <summary>
/// What the whole run shares: one PostgreSQL server, one database on it, and one service configured as its users run it. Tests keep apart
/// by a project of their own each, so they run side by side; those that look at whole tables run alone.
/// </summary>
[SetUpFixture]
public sealed class TestRun
{
    internal static TestDatabase Server { get; private set; } = null!;

    internal static NpgsqlDataSource Database { get; private set; } = null!;

    internal static string ConnectionString { get; private set; } = null!;

    internal static Service Service { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        Server = await TestDatabase.StartAsync();
        await TestContext.Progress.WriteLineAsync($"The tests use {Server.Description}.");

        ConnectionString = await Server.CreateDatabaseAsync();
        Database = NpgsqlDataSource.Create(ConnectionString);
        Service = await Service.StartReadyAsync(ConnectionString);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (Service is not null)
        {
            await Service.DisposeAsync();
        }

        if (Database is not null)
        {
            await Database.DisposeAsync();
        }

        if (Server is not null)
        {
            await Server.DisposeAsync();
        }
    }
}
