using System.Security.Cryptography;
using NUnit.Framework;

namespace Deployments.FaultTests.Support;

/// <summary>Several instances of the service over one database.</summary>
internal sealed class Services : List<ServiceProcess>, IAsyncDisposable
{
    private static readonly string AgentKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    public IReadOnlyList<Uri> Addresses => [.. this.Select(service => service.Address)];

    public static async Task<Services> StartAsync(string connectionString, int count, params (string Name, string Value)[] settings)
    {
        var services = new Services();
        var all = new Dictionary<string, string>(Settings(connectionString));
        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }

        try
        {
            for (var number = 0; number < count; number++)
            {
                services.Add(await ServiceProcess.StartReadyAsync(all, output: CreateLog()));
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
        ["Deployments:AgentKeys:0"] = AgentKey,
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
