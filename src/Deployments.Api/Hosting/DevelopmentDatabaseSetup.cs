using Deployments.Api.Options;
using Deployments.DevelopmentDatabase;

namespace Deployments.Api.Hosting;

/// <summary>Where the database is when nobody says: in Development a private PostgreSQL, elsewhere nowhere.</summary>
internal static class DevelopmentDatabaseSetup
{
    public static async Task<DevelopmentPostgres?> StartIfNeededAsync(WebApplicationBuilder builder)
    {
        const string setting = $"ConnectionStrings:{Infrastructure.DependencyInjection.ConnectionName}";
        if (!string.IsNullOrWhiteSpace(builder.Configuration[setting]))
        {
            return null;
        }

        if (!builder.Environment.IsDevelopment())
        {
            throw new InvalidConfigurationException($"{setting} is required: the PostgreSQL database to keep deployments in.");
        }

        try
        {
            var postgres = await DevelopmentPostgres.StartAsync(Checkout());
            builder.Configuration[setting] = postgres.ConnectionString;
            return postgres;
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidConfigurationException($"{setting} is not set, and a private PostgreSQL could not be started. {exception.Message}");
        }
    }

    // One database for a checkout, however the program in it was built and started.
    private static string Checkout()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Deployments.sln")))
            {
                return folder.FullName;
            }
        }

        return AppContext.BaseDirectory;
    }
}
