namespace Deployments.Domain.SoftwareConfigs;

/// <summary>A value that a configuration returns.</summary>
public sealed record ConfigOutput
{
    public ConfigOutput(
        string name, ConfigValueType type = ConfigValueType.String, string? description = null, bool errorOutput = false)
    {
        Name = string.IsNullOrWhiteSpace(name) ? throw new ArgumentException("An output needs a name.", nameof(name)) : name;
        Description = description;
        Type = type;
        ErrorOutput = errorOutput;
    }

    public string Name { get; }

    public string? Description { get; }

    public ConfigValueType Type { get; }

    /// <summary>Whether a value here means that the deployment failed.</summary>
    public bool ErrorOutput { get; }
}
