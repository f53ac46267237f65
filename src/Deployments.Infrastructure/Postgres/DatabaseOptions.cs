using System.Diagnostics.CodeAnalysis;

namespace Deployments.Infrastructure.Postgres;

/// <summary>The connection to the database, and whether the service migrates its schema.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "Created by the container.")]
internal sealed class DatabaseOptions
{
    public string? ConnectionString { get; set; }

    /// <summary>Whether the service migrates the schema at start.</summary>
    public bool MigrateOnStart { get; set; } = true;
}
