using NUnit.Framework;

namespace Deployments.FaultTests.Support;

/// <summary>Several instances of the service over one database.</summary>
internal sealed class Services : List<ServiceProcess>, IAsyncDisposable
{
    public static async Task<Services> StartAsync(string connectionString, int count)
    {
        var services = new Services();
        try
        {
            for (var number = 0; number < count; number++)
            {
                services.Add(await ServiceProcess.StartReadyAsync(Settings(connectionString), output: CreateLog()));
            }
        }
        catch
        {
            await services.DisposeAsync();
            throw;
        }

        return services;
    }

    public static IReadOnlyDictionary<string, string> Settings(string connectionString) => new Dictionary<string, string>(Token.IssuerSettings)
    {
        ["ConnectionStrings:Deployments"] = connectionString,
        ["Logging:LogLevel:Default"] = "Warning",
    };

    public async ValueTask DisposeAsync()
    {
        foreach (var service in this)
        {
            await service.DisposeAsync();
        }
    }

    private static StreamWriter CreateLog()
    {
        var folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "logs"));
        return File.CreateText(Path.Combine(folder.FullName, $"{TestContext.CurrentContext.Test.MethodName}-{Guid.CreateVersion7()}.log"));
    }
}
