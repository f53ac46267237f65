using Deployments.Application.Common;
using Deployments.TestSupport;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

[assembly: HostingStartup(typeof(PatientService))]

namespace Deployments.TestSupport;

/// <summary>A service whose requests may take long, for tests that are not about time: a busy machine changes no response.</summary>
internal sealed class PatientService : IHostingStartup
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    /// <summary>Settings that make a process of the service patient. It loads this assembly, which is not one of its own.</summary>
    public static IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["DOTNET_STARTUP_HOOKS"] = typeof(PatientService).Assembly.Location,
        ["DOTNET_TieredPGO"] = "0", // it serves only a few requests
        ["ASPNETCORE_HOSTINGSTARTUPASSEMBLIES"] = typeof(PatientService).Assembly.GetName().Name!,
    };

    /// <summary>Makes a service in the tests' own process patient.</summary>
    public static void Configure(IServiceCollection services) => services.Configure<TimeBudgets>(budgets =>
        budgets.Request = budgets.Totals = budgets.Stop = budgets.Discovery = budgets.HealthCheck = budgets.HealthCheckCommand = Long);

    public void Configure(IWebHostBuilder builder) => builder.ConfigureServices(Configure);
}
