using Deployments.Application;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;
using Microsoft.Extensions.DependencyInjection;

namespace Deployments.UnitTests.Application;

/// <summary>The use cases as the service registers them, over storage that is never to be reached.</summary>
internal static class UseCases
{
    public static ServiceProvider Build() => new ServiceCollection()
        .AddLogging()
        .AddApplication(autoMapperLicenseKey: null)
        .AddSingleton<IDeploymentStore, OutOfReach>()
        .BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });

    private sealed class OutOfReach : IDeploymentStore
    {
        public Task AddAsync(SoftwareDeployment deployment, CancellationToken cancellationToken) =>
            throw new NotSupportedException("The store was reached.");

        public Task<SoftwareDeployment?> FindAsync(string projectId, Guid id, CancellationToken cancellationToken) =>
            throw new NotSupportedException("The store was reached.");
    }
}
