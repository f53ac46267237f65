using System.Diagnostics.CodeAnalysis;

namespace Deployments.Infrastructure.Postgres;

/// <summary>The connection to the database.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "Created by the container.")]
internal sealed class DatabaseOptions
{
    public string? ConnectionString { get; set; }
}
