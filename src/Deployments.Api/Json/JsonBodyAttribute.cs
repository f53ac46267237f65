namespace Deployments.Api.Json;

/// <summary>What the reader of a body must know of its shape beforehand.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class JsonBodyAttribute : Attribute
{
    /// <summary>How many objects and lists stand around the values whose nesting is limited: by default the body alone.</summary>
    public int DepthOfValues { get; init; } = 1;

    /// <summary>Whether the size limit of batches is the body's.</summary>
    public bool IsBatch { get; init; }
}
