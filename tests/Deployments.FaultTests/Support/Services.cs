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
                services.Add(await ServiceProcess.StartAsync(connectionString));
            }
        }
        catch
        {
            await services.DisposeAsync();
            throw;
        }

        return services;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in this)
        {
            await service.DisposeAsync();
        }
    }
}
