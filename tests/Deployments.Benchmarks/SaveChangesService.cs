using Deployments.Api;
using Deployments.Api.Options;
using Deployments.Application.Common;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Postgres.Model;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Deployments.Benchmarks;

/// <summary>
/// The service without its own write path: each request adds its row and its event to a DbContext of its own and saves the
/// changes. Everything else is the same.
/// </summary>
internal static class SaveChangesService
{
    public const string Command = "serve-with-save-changes";

    public static async Task RunAsync()
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.AddDeployments();
        builder.Services.AddControllers().AddApplicationPart(typeof(ServiceOptions).Assembly); // the entry assembly is another one here
        builder.Services.AddSingleton<IDeploymentCommands, Store>();
        await using var app = builder.Build();
        app.UseApi();
        await app.RunAsync();
    }

    private sealed class Store(IDbContextFactory<DeploymentsDbContext> contexts) : IDeploymentCommands
    {
        public async Task<AddOutcome> AddAsync(
            IReadOnlyList<SoftwareDeployment> deployments, Caller caller, ConfigReferences references, CancellationToken cancellationToken)
        {
            await using var context = await contexts.CreateDbContextAsync(cancellationToken);
            context.AddRange(deployments);
            context.AddRange(deployments.Select(deployment => new DeploymentEvent(
                deployment.ProjectId,
                deployment.Id,
                deployment.Version,
                deployment.CreationTime,
                deployment.Action,
                deployment.Status,
                deployment.StatusReason,
                caller.Actor,
                caller.RequestId)));
            await context.SaveChangesAsync(cancellationToken);
            return AddOutcome.Stored;
        }

        public Task<ChangeOutcome> ChangeAsync(
            Guid id, Func<SoftwareDeployment, bool> change, Caller caller, ConfigReferences references, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<bool> DeleteAsync(Caller caller, Guid id, Action<SoftwareDeployment> check, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }
}
