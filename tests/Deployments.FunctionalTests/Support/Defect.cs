using Npgsql;

namespace Deployments.FunctionalTests.Support;

/// <summary>A defect of ours: a row that the service takes for good, and its database does not.</summary>
internal static class Defect
{
    /// <summary>What the database calls the rule that is broken.</summary>
    public const string Name = "spoilt";

    /// <summary>Provokes it in a service of its own.</summary>
    /// <returns>What the caller is told.</returns>
    public static async Task<ApiResponse> ProvokeAsync()
    {
        await using var service = await Service.StartReadyAsync(await CreateDatabaseAsync());
        return await new Project(service).CreateConfigAsync("{}");
    }

    /// <summary>A database with a current schema, in which every configuration without a name provokes it.</summary>
    /// <returns>Its connection string.</returns>
    public static async Task<string> CreateDatabaseAsync()
    {
        var connectionString = await TestRun.Server.CreateDatabaseAsync();
        await using var service = await Service.StartReadyAsync(connectionString);
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var spoil = database.CreateCommand($"ALTER TABLE software_configs ADD CONSTRAINT {Name} CHECK (name IS NOT NULL)");
        await spoil.ExecuteNonQueryAsync();
        return connectionString;
    }
}
