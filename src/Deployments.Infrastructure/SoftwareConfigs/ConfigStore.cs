using Deployments.Application.SoftwareConfigs;
using Deployments.Domain.SoftwareConfigs;
using Deployments.Infrastructure.Postgres;
using Deployments.Infrastructure.Postgres.Model;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Deployments.Infrastructure.SoftwareConfigs;

internal sealed class ConfigStore(DatabaseExecutor database) : IConfigStore
{
    private static readonly Func<DeploymentsDbContext, string, Guid, CancellationToken, Task<SoftwareConfig?>> Find =
        EF.CompileAsyncQuery((DeploymentsDbContext context, string projectId, Guid id, CancellationToken _) =>
            context.SoftwareConfigs.AsNoTracking().SingleOrDefault(config => config.ProjectId == projectId && config.Id == id));

    public Task AddAsync(SoftwareConfig config, CancellationToken cancellationToken) => database.RunAsync(
        async attempt =>
        {
            attempt.Context.Add(config);
            try
            {
                return await attempt.Context.SaveChangesAsync(attempt.Token);
            }
            catch (DbUpdateException exception) when (IsStoredAlready(exception))
            {
                return 0;
            }
        },
        cancellationToken);

    public Task<SoftwareConfig?> FindAsync(string projectId, Guid id, CancellationToken cancellationToken) =>
        database.RunAsync(attempt => Find(attempt.Context, projectId, id, attempt.Token), cancellationToken);

    public Task<IReadOnlyList<SoftwareConfig>> FindAsync(IReadOnlyCollection<ConfigKey> keys, CancellationToken cancellationToken)
    {
        var projectIds = keys.Select(key => key.ProjectId).Distinct().ToArray();
        var ids = keys.Select(key => key.Id).ToArray();
        return database.RunAsync<IReadOnlyList<SoftwareConfig>>(
            async attempt => await attempt.Context.SoftwareConfigs.AsNoTracking()
                .Where(config => projectIds.Contains(config.ProjectId) && ids.Contains(config.Id))
                .ToListAsync(attempt.Token),
            cancellationToken);
    }

    public Task<IReadOnlyList<SoftwareConfigSummaryDto>> ListAsync(
        string projectId, Guid? before, int count, CancellationToken cancellationToken) =>
        database.RunAsync<IReadOnlyList<SoftwareConfigSummaryDto>>(
            async attempt =>
            {
                var configs = attempt.Context.SoftwareConfigs.AsNoTracking().Where(config => config.ProjectId == projectId);
                if (before is { } marker)
                {
                    configs = configs.Where(config => config.Id < marker);
                }

                return await configs
                    .OrderByDescending(config => config.Id)
                    .Take(count)
                    .Select(config => new SoftwareConfigSummaryDto
                    {
                        Id = config.Id,
                        Name = config.Name,
                        Group = config.Group,
                        CreationTime = config.CreationTime,
                    })
                    .ToListAsync(attempt.Token);
            },
            cancellationToken);

    public Task<ConfigDeletion> DeleteAsync(string projectId, Guid id, CancellationToken cancellationToken) => database.RunAsync(
        async attempt =>
        {
            var (context, repeated, token) = attempt;
            await using var transaction = await context.Database.BeginTransactionAsync(token);

            // Excludes the lock that a deployment takes on the configuration that it refers to.
            var locked = await context.Database
                .SqlQuery<Guid>($"SELECT id FROM software_configs WHERE project_id = {projectId} AND id = {id} FOR UPDATE")
                .ToListAsync(token);
            if (locked.Count == 0)
            {
                return repeated ? ConfigDeletion.Deleted : ConfigDeletion.Absent;
            }

            var configId = id.ToString();
            if (await context.SoftwareDeployments
                .AnyAsync(deployment => deployment.ProjectId == projectId && deployment.ConfigId == configId, token))
            {
                return ConfigDeletion.InUse;
            }

            await context.SoftwareConfigs
                .Where(config => config.ProjectId == projectId && config.Id == id)
                .ExecuteDeleteAsync(token);
            await transaction.CommitAsync(token);
            return ConfigDeletion.Deleted;
        },
        cancellationToken);

    // Ids are unique, and nothing else is: a row with this id is the same configuration, stored by an attempt whose response was lost.
    private static bool IsStoredAlready(DbUpdateException exception) =>
        exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };
}
