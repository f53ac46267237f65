using Deployments.Application;
using Deployments.Application.SoftwareConfigs;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareConfigs;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;
using Microsoft.Extensions.DependencyInjection;

namespace Deployments.UnitTests.Application;

/// <summary>The use cases as the service registers them, over storage that is never to be reached.</summary>
internal static class UseCases
{
    public static Caller Caller { get; } = new("project", "actor", "req-00000000-0000-0000-0000-000000000000");

    public static ServiceProvider Build() => new ServiceCollection()
        .AddLogging()
        .AddApplication()
        .AddSingleton(new ConfigReferences(KnownOnly: false))
        .AddSingleton<IDeploymentStore, OutOfReach>()
        .AddSingleton<IConfigStore, OutOfReach>()
        .BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });

    /// <summary>What the validator of a request has against it, field by field as on the wire.</summary>
    public static IReadOnlyList<(string Field, string Message)> Failures<TRequest>(TRequest request)
    {
        using var provider = Build();
        return
        [
            .. provider.GetRequiredService<IValidator<TRequest>>().Validate(request).Errors
                .Select(failure => (failure.PropertyName, failure.ErrorMessage)),
        ];
    }

    private sealed class OutOfReach : IDeploymentStore, IConfigStore
    {
        public Task<AddOutcome> AddAsync(
            IReadOnlyList<SoftwareDeployment> deployments, Caller caller, ConfigReferences references, CancellationToken cancellationToken) =>
            throw Reached();

        public Task AddAsync(SoftwareConfig config, CancellationToken cancellationToken) =>
            throw Reached();

        Task<SoftwareDeployment?> IDeploymentStore.FindAsync(string projectId, Guid id, CancellationToken cancellationToken) =>
            throw Reached();

        Task<SoftwareConfig?> IConfigStore.FindAsync(string projectId, Guid id, CancellationToken cancellationToken) =>
            throw Reached();

        public Task<Chunk<SoftwareDeployment>> ListAsync(
            DeploymentFilter filter, Guid? after, int count, CancellationToken cancellationToken) =>
            throw Reached();

        public Task<Guid?> FindPageEndAsync(DeploymentFilter filter, Guid? after, int count, CancellationToken cancellationToken) =>
            throw Reached();

        public Task<IReadOnlyList<SoftwareConfig>> FindAsync(IReadOnlyCollection<ConfigKey> keys, CancellationToken cancellationToken) =>
            throw Reached();

        public Task<IReadOnlyList<SoftwareConfigSummaryDto>> ListAsync(
            string projectId, Guid? before, int count, CancellationToken cancellationToken) =>
            throw Reached();

        public Task<UpdateOutcome> UpdateAsync(
            SoftwareDeployment deployment, Caller caller, bool configMustBeKnown, CancellationToken cancellationToken) =>
            throw Reached();

        public Task<bool> DeleteAsync(SoftwareDeployment deployment, bool onlyThisVersion, CancellationToken cancellationToken) =>
            throw Reached();

        public Task<ConfigDeletion> DeleteAsync(string projectId, Guid id, CancellationToken cancellationToken) =>
            throw Reached();

        public Task<IReadOnlyList<DeploymentEvent>> ListEventsAsync(SoftwareDeployment deployment, CancellationToken cancellationToken) =>
            throw Reached();

        public Task<IReadOnlyList<ConfigKey>> ListServerConfigsAsync(
            string projectId, string serverId, CancellationToken cancellationToken) =>
            throw Reached();

        private static NotSupportedException Reached() => new("The store was reached.");
    }
}
