namespace Deployments.Application.Retention;

/// <summary>How long the service keeps what it no longer needs.</summary>
public sealed class RetentionOptions
{
    /// <summary>After how many days without a change a deployment that is not in progress is deleted; null: never.</summary>
    public int? Days { get; set; }

    /// <summary>How many of the newest deployments of each server and configuration name are kept, however old.</summary>
    public int PerServer { get; set; }

    /// <summary>After how many days a configuration that no deployment refers to is deleted; null: never.</summary>
    public int? UnusedConfigDays { get; set; }

    /// <summary>The rules at a time; null if nothing is deleted.</summary>
    /// <param name="now">The time.</param>
    public RetentionRules? At(DateTimeOffset now) => Days is null && UnusedConfigDays is null
        ? null
        : new RetentionRules(Days is { } days ? now.AddDays(-days) : null, PerServer, UnusedConfigDays is { } configDays ? now.AddDays(-configDays) : null);
}

/// <summary>What is deleted.</summary>
/// <param name="ChangedBefore">Deployments that have not changed since then; null: none.</param>
/// <param name="PerServer">Except the newest of each server and configuration name.</param>
/// <param name="UnusedConfigsBefore">Configurations older than that to which no deployment refers; null: none.</param>
public sealed record RetentionRules(DateTimeOffset? ChangedBefore, int PerServer, DateTimeOffset? UnusedConfigsBefore)
{
    /// <summary>The longest time, in days.</summary>
    public const int MaxDays = 3650;

    /// <summary>The largest number of deployments that are kept of each server and configuration name.</summary>
    public const int MaxPerServer = 1000;
}
