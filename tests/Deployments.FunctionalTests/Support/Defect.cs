using Npgsql;

namespace Deployments.FunctionalTests.Support;

/// <summary>An unhandled exception: a row that passes the service's validation but violates a constraint of its database.</summary>
internal static class Defect
{
    /// <summary>The name of the violated constraint.</summary>
    public const string Name = "spoilt";

    /// <summary>Causes the exception in a service of its own.</summary>
    /// <returns>The response.</returns>
    public static async Task<ApiResponse> ProvokeAsync()
    {
        await using var service = await Service.StartReadyAsync(await CreateDatabaseAsync());
        return await new Project(service).CreateConfigAsync("{}");
    }

    /// <summary>A database with a current schema in which every config without a name causes the exception.</summary>
    /// <returns>Its connection string.</returns>
    public static async Task<string> CreateDatabaseAsync()
    {
        var connectionString = await TestRun.Server.CreateDatabaseAsync();
        await using var service = await Service.StartReadyAsync(connectionString);
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var addConstraint = database.CreateCommand($"ALTER TABLE software_configs ADD CONSTRAINT {Name} CHECK (name IS NOT NULL)");
        await addConstraint.ExecuteNonQueryAsync();
        return connectionString;
    }
}
