namespace Deployments.Api.Json;

/// <summary>The limits for reading a body.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class JsonBodyAttribute : Attribute
{
    /// <summary>The depth of the values whose nesting is limited: 1 for members of the body itself.</summary>
    public int DepthOfValues { get; init; } = 1;

    /// <summary>Whether the size limit of batches applies.</summary>
    public bool IsBatch { get; init; }

    /// <summary>A size limit of its own, in bytes; 0 for the configured one.</summary>
    public int MaxBytes { get; init; }
}
