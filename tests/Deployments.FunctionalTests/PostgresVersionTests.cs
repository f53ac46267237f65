using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The tests are run on several versions of PostgreSQL; each run says which one it was.</summary>
public sealed class PostgresVersionTests
{
    private const int Oldest = 15;
    private const int Newest = 18;

    [Test]
    public async Task Server_is_of_a_version_that_the_service_is_tested_on()
    {
        await using var ask = TestRun.Database.CreateCommand(
            "SELECT current_setting('server_version'), current_setting('server_version_num')::integer / 10000");
        await using var row = await ask.ExecuteReaderAsync();
        await row.ReadAsync();

        row.GetInt32(1).ShouldBeInRange(Oldest, Newest);
        await TestContext.Out.WriteLineAsync($"Ran on PostgreSQL {row.GetString(0)}, {TestRun.Server.Description}.");
    }
}
