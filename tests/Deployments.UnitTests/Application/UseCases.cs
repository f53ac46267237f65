using Deployments.Application;
using Deployments.Application.Agents;
using Deployments.Application.ChangeFeed;
using Deployments.Application.Common;
using Deployments.Application.Common.Paging;
using Deployments.Application.Servers;
using Deployments.Application.SoftwareConfigs;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.Agents;
using Deployments.Domain.SoftwareConfigs;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;
using Microsoft.Extensions.DependencyInjection;

namespace Deployments.UnitTests.Application;

/// <summary>The use cases as the service registers them, with a store that must not be called.</summary>
internal static class UseCases
{
    public static Caller Caller { get; } = new("project", "actor", "req-00000000-0000-0000-0000-000000000000");

    public static ServiceProvider Build() => new ServiceCollection()
        .AddLogging()
        .AddApplication()
        .AddSingleton(new ConfigReferences(RequireExisting: false))
        .AddSingleton<IDeploymentCommands, UnreachableStore>()
        .AddSingleton<IDeploymentQueries, UnreachableStore>()
        .AddSingleton(new SharedMetadata(IsIncluded: false))
        .AddSingleton<IConfigStore, UnreachableStore>()
        .AddSingleton<IServerQueries, UnreachableStore>()
        .AddSingleton<IAgentStore, UnreachableStore>()
        .AddSingleton<IChangeFeed, UnreachableStore>()
        .AddSingleton<IChangeWaiter, UnreachableStore>()
        .BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });

    /// <summary>The errors of the request's validator, by field name on the wire.</summary>
    public static IReadOnlyList<(string Field, string Message)> Failures<TRequest>(TRequest request)
    {
        using var provider = Build();
        return
        [
            .. provider.GetRequiredService<IValidator<TRequest>>().Validate(request).Errors
                .Select(failure => (failure.PropertyName, failure.ErrorMessage)),
        ];
    }

    private sealed class UnreachableStore : IDeploymentCommands, IDeploymentQueries, IConfigStore, IServerQueries, IAgentStore, IChangeFeed, IChangeWaiter
    {
        public Task<AddOutcome> AddAsync(
            IReadOnlyList<SoftwareDeployment> deployments, Caller caller, ConfigReferences references, CancellationToken cancellationToken) =>
            throw Called();

        public Task AddAsync(SoftwareConfig config, CancellationToken cancellationToken) =>
            throw Called();

        Task<SoftwareDeployment?> IDeploymentQueries.FindAsync(string projectId, Guid id, CancellationToken cancellationToken) =>
            throw Called();

        Task<SoftwareConfig?> IConfigStore.FindAsync(string projectId, Guid id, CancellationToken cancellationToken) =>
            throw Called();

        public Task<Chunk<SoftwareDeployment>> ListAsync(
            DeploymentFilter filter, Guid? after, int count, CancellationToken cancellationToken) =>
            throw Called();

        public Task<Guid?> FindPageEndAsync(DeploymentFilter filter, Guid? after, int count, CancellationToken cancellationToken) =>
            throw Called();

        public Task<IReadOnlyList<SoftwareConfig>> FindAsync(IReadOnlyCollection<ConfigKey> keys, CancellationToken cancellationToken) =>
            throw Called();

        public Task<IReadOnlyList<SoftwareConfigSummaryDto>> ListAsync(
            string projectId, Guid? before, int count, CancellationToken cancellationToken) =>
            throw Called();

        public Task<IReadOnlyList<ServerDto>> ListAsync(ServerFilter filter, string? after, int count, CancellationToken cancellationToken) =>
            throw Called();

        public Task<ServerTotalsDto> CountAsync(string projectId, CancellationToken cancellationToken) =>
            throw Called();

        public Task<ChangeOutcome> ChangeAsync(
            Guid id, Func<SoftwareDeployment, bool> change, Caller caller, ConfigReferences references, CancellationToken cancellationToken) =>
            throw Called();

        public Task<bool> DeleteAsync(Caller caller, Guid id, Action<SoftwareDeployment> check, CancellationToken cancellationToken) =>
            throw Called();

        public Task<FeedChunk> ReadAsync(
            FeedFilter filter, FeedPosition? after, int count, bool descending, CancellationToken cancellationToken) =>
            throw Called();

        public IFeedWatch WatchFeed(FeedFilter filter) =>
            throw Called();

        public IDeploymentWatch WatchDeployment(string projectId, Guid id) =>
            throw Called();

        public Task<ConfigDeletion> DeleteAsync(string projectId, Guid id, CancellationToken cancellationToken) =>
            throw Called();

        public Task<Chunk<DeploymentEvent>> ListEventsAsync(
            string projectId, Guid id, int? after, int count, CancellationToken cancellationToken) =>
            throw Called();

        public Task<Chunk<SoftwareDeployment>> ListByIdempotencyKeyAsync(
            string projectId, string key, int? after, int count, CancellationToken cancellationToken) =>
            throw Called();

        public Task<IReadOnlyList<AppliedConfig>> ListAppliedConfigsAsync(
            string projectId, string serverId, bool includeShared, AppliedConfig? after, int count, CancellationToken cancellationToken) =>
            throw Called();

        public Task<Agent> AddAsync(Func<Agent> create, CancellationToken cancellationToken) =>
            throw Called();

        public Task<bool> DeleteAsync(string projectId, string serverId, CancellationToken cancellationToken) =>
            throw Called();

        public Task<bool> ExistsAsync(string projectId, Guid id, CancellationToken cancellationToken) =>
            throw Called();

        public void MarkSeen(string projectId, Guid id) =>
            throw Called();

        public Task<AgentRuns?> ListRunsAsync(string projectId, Guid id, CancellationToken cancellationToken) =>
            throw Called();

        public Task<Chunk<DeploymentToApply>> ReadAsync(string projectId, IReadOnlyList<Guid> ids, CancellationToken cancellationToken) =>
            throw Called();

        public Task<IReadOnlyList<ConfigOutput>?> FindOutputsAsync(
            string projectId, Guid agentId, Guid deploymentId, CancellationToken cancellationToken) =>
            throw Called();

        public IFeedWatch WatchAgent(string projectId, Guid agentId, string serverId) =>
            throw Called();

        private static NotSupportedException Called() => new("The store was called.");
    }
}
