using System.Diagnostics.CodeAnalysis;

namespace Deployments.Infrastructure.Postgres;

/// <summary>The connections to the database.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "Created by the container.")]
internal sealed class DatabaseOptions
{
    public string? ConnectionString { get; set; }

    /// <summary>That of the change feed's notifications, past a pooler; null if it is the same.</summary>
    public string? ListenConnectionString { get; set; }
}
