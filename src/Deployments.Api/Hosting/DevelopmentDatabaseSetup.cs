using Deployments.Api.Options;
#if DEVELOPMENT_DATABASE
using Deployments.DevelopmentDatabase;
#endif

namespace Deployments.Api.Hosting;

/// <summary>Where no connection string is set, Development starts a private PostgreSQL, if the build contains it; else the service refuses to start.</summary>
internal static class DevelopmentDatabaseSetup
{
    private const string Setting = $"ConnectionStrings:{Infrastructure.DependencyInjection.ConnectionName}";

#if DEVELOPMENT_DATABASE
    private const string WayToTry = " To try the service out over a private one, start it in Development: --environment Development.";
#else
    private const string WayToTry = "";
#endif

    public static async Task<IAsyncDisposable?> StartIfNeededAsync(WebApplicationBuilder builder)
    {
        if (!string.IsNullOrWhiteSpace(builder.Configuration[Setting]))
        {
            return null;
        }

#if DEVELOPMENT_DATABASE
        if (builder.Environment.IsDevelopment())
        {
            return await StartAsync(builder);
        }
#endif

        throw new InvalidConfigurationException($"{Setting} is required: the PostgreSQL database to keep deployments in.{WayToTry}");
    }

#if DEVELOPMENT_DATABASE
    private static async Task<DevelopmentPostgres> StartAsync(WebApplicationBuilder builder)
    {
        try
        {
            var postgres = await DevelopmentPostgres.StartAsync(Checkout());
            builder.Configuration[Setting] = postgres.ConnectionString;
            return postgres;
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidConfigurationException($"{Setting} is not set, and a private PostgreSQL could not be started. {exception.Message} Or set {Setting} to a database that runs elsewhere.");
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
#endif
}
