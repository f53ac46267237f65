namespace Deployments.Infrastructure.Postgres;

/// <summary>The settings under <c>Deployments</c> that concern the schema.</summary>
public sealed class MigrationOptions
{
    public const string Section = "Deployments";

    /// <summary>Whether the service migrates the schema at start.</summary>
    public bool MigrateOnStart { get; set; } = true;
}
