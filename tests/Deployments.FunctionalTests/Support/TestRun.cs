using Deployments.FunctionalTests.Support;
using Npgsql;
using NUnit.Framework;

[assembly: ReportRun]
[assembly: Parallelizable(ParallelScope.All)]
[assembly: LevelOfParallelism(6)] // most tests wait for the service rather than compute

namespace Deployments.FunctionalTests;

/// <summary>
/// Shared by the whole run: one PostgreSQL server, one database on it, and one service configured as its users run it. Each test has a
/// project of its own, so tests run in parallel; those that read whole tables run alone.
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
