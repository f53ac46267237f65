using System.Diagnostics.CodeAnalysis;

namespace Deployments.Infrastructure.Postgres;

/// <summary>Where the database is, and whether the service migrates it.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "Created by the container.")]
internal sealed class DatabaseOptions
{
    public string? ConnectionString { get; set; }

    /// <summary>Whether the service migrates the schema at start.</summary>
    public bool MigrateOnStart { get; set; } = true;
}
