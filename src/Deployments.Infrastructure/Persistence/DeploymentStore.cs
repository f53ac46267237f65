using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Deployments.Infrastructure.Persistence;

internal sealed class DeploymentStore(Database database) : IDeploymentStore
{
    private static readonly Func<DeploymentsDbContext, string, Guid, CancellationToken, Task<SoftwareDeployment?>> Find =
        EF.CompileAsyncQuery((DeploymentsDbContext context, string projectId, Guid id, CancellationToken _) =>
            context.SoftwareDeployments.AsNoTracking().SingleOrDefault(deployment =>
                (deployment.ProjectId == projectId && deployment.Id == id)
                || (deployment.StackUserProjectId == projectId && deployment.Id == id)));

    public Task AddAsync(SoftwareDeployment deployment, CancellationToken cancellationToken) =>
        database.RunAsync(
            async (context, token) =>
            {
                context.Add(deployment);
                try
                {
                    return await context.SaveChangesAsync(token);
                }
                catch (DbUpdateException exception) when (IsStoredAlready(exception))
                {
                    return 0;
                }
            },
            cancellationToken);

    public Task<SoftwareDeployment?> FindAsync(string projectId, Guid id, CancellationToken cancellationToken) =>
        database.RunAsync((context, token) => Find(context, projectId, id, token), cancellationToken);

    // An id is never given twice: a row that has it is this very deployment, from an attempt whose answer was lost.
    private static bool IsStoredAlready(DbUpdateException exception) => exception.InnerException is PostgresException
    {
        SqlState: PostgresErrorCodes.UniqueViolation,
        ConstraintName: "pk_software_deployments",
    };
}
