using System.Reflection;
using Deployments.Application.Common;
using Deployments.Infrastructure.Postgres.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Deployments.Infrastructure.Postgres;

/// <summary>Migrates the schema with EF Core's migrations, under an advisory lock.</summary>
/// <param name="source">Returns the connections. A script is created without them, and without a connection string.</param>
/// <param name="options">The connection string.</param>
internal sealed class DatabaseSchema(Func<NpgsqlDataSource> source, IOptions<DatabaseOptions> options) : IDatabaseSchema
{
    private const long MigrationLock = 0x6465706C6F79; // "deploy"
    private static readonly TimeSpan MigrationTimeout = TimeSpan.FromMinutes(10); // waiting for another one's migration, or migrating

    public string Database
    {
        get
        {
            var settings = new NpgsqlConnectionStringBuilder(options.Value.ConnectionString);
            var servers = (settings.Host ?? string.Empty).Split(',')
                .Select(host => host.Contains(':', StringComparison.Ordinal) || host.StartsWith('/') ? host : $"{host}:{settings.Port}");
            return $"{settings.Database ?? settings.Username} on {string.Join(", ", servers)}"
                + (settings.Username is { } user ? $" as {user}" : string.Empty);
        }
    }

    public IReadOnlyList<string> Migrations
    {
        get
        {
            using var context = new DesignTimeContextFactory().CreateDbContext([]);
            return [.. context.Database.GetMigrations()];
        }
    }

    public async Task<IReadOnlyList<string>> FindMissingAsync(CancellationToken cancellationToken)
    {
        await using var context = CreateContext(_ => { });
        await context.Database.OpenConnectionAsync(cancellationToken); // a database that does not exist would only be without migrations
        return [.. await context.Database.GetPendingMigrationsAsync(cancellationToken)];
    }

    public async Task MigrateAsync(Action<string> applying, CancellationToken cancellationToken)
    {
        await using var context = CreateContext(applying);
        var database = context.Database;
        database.SetCommandTimeout(MigrationTimeout);

        await database.OpenConnectionAsync(cancellationToken);
        if (!(await database.GetPendingMigrationsAsync(cancellationToken)).Any())
        {
            return;
        }

        await database.ExecuteSqlAsync($"SELECT pg_advisory_lock({MigrationLock})", cancellationToken);
        try
        {
            await database.MigrateAsync(cancellationToken);
        }
        finally
        {
            await database.ExecuteSqlAsync($"SELECT pg_advisory_unlock({MigrationLock})", CancellationToken.None);
        }
    }

    public string CreateScript(string? current, string? target)
    {
        using var context = new DesignTimeContextFactory().CreateDbContext([]);
        return context.GetService<IMigrator>().GenerateScript(current, target, MigrationsSqlGenerationOptions.Idempotent);
    }

    public Task<string> ExplainAsync(Exception failure) => ConnectionRefusal.ExplainAsync(failure, options.Value.ConnectionString);

    private DeploymentsDbContext CreateContext(Action<string> applying) => new(
        new DbContextOptionsBuilder<DeploymentsDbContext>()
            .UseDeployments(source())
            .LogTo(
                (happening, _) => happening == RelationalEventId.MigrationApplying,
                happening => applying(((MigrationEventData)happening).Migration.GetType().GetCustomAttribute<MigrationAttribute>()!.Id))
            .Options);
}
