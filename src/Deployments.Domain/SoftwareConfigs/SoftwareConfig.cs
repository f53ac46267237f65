using System.Text.Json;
using Deployments.Domain.Common;

namespace Deployments.Domain.SoftwareConfigs;

/// <summary>A software configuration: what an agent runs on a server, with its inputs and outputs. It never changes.</summary>
public sealed class SoftwareConfig
{
    public const int MaxNameLength = 255;
    public const int MaxGroupLength = 255;

    public SoftwareConfig(
        Guid id,
        string projectId,
        DateTimeOffset creationTime,
        string? name = null,
        string? group = null,
        JsonElement? config = null,
        IReadOnlyList<ConfigInput>? inputs = null,
        IReadOnlyList<ConfigOutput>? outputs = null,
        IReadOnlyDictionary<string, JsonElement>? options = null)
        : this(id, CharacterLimits.Required(projectId, Common.ProjectId.MaxLength, nameof(projectId)))
    {
        CreationTime = creationTime.ToMicroseconds();
        Name = CharacterLimits.Optional(name, MaxNameLength, nameof(name));
        Group = CharacterLimits.Optional(group, MaxGroupLength, nameof(group));
        Config = config;
        Inputs = Distinct(inputs ?? [], input => input.Name, nameof(inputs));
        Outputs = Distinct(outputs ?? [], output => output.Name, nameof(outputs));
        Options = options ?? new Dictionary<string, JsonElement>();
    }

    // For Entity Framework.
    private SoftwareConfig(Guid id, string projectId)
    {
        Id = id;
        ProjectId = projectId;
        Inputs = [];
        Outputs = [];
        Options = new Dictionary<string, JsonElement>();
    }

    public Guid Id { get; }

    public string ProjectId { get; }

    public DateTimeOffset CreationTime { get; private set; }

    public string? Name { get; private set; }

    /// <summary>The agent hook that applies the configuration, such as <c>script</c>.</summary>
    public string? Group { get; private set; }

    public JsonElement? Config { get; private set; }

    public IReadOnlyList<ConfigInput> Inputs { get; private set; }

    public IReadOnlyList<ConfigOutput> Outputs { get; private set; }

    public IReadOnlyDictionary<string, JsonElement> Options { get; private set; }

    private static IReadOnlyList<T> Distinct<T>(IReadOnlyList<T> items, Func<T, string> name, string field) =>
        items.DistinctBy(name).Count() == items.Count ? items : throw new ArgumentException($"{field} has a duplicate name.", field);
}
