using System.Text.Json;
using System.Text.Json.Serialization;
using AutoMapper;
using Deployments.Application.SoftwareConfigs;
using Deployments.Domain.SoftwareConfigs;

namespace Deployments.Application.Agents;

/// <summary>A run of a deployment, as agents read it: its configuration, with the values of its inputs.</summary>
public sealed record AgentItemDto
{
    /// <summary>UUID of the run. An agent applies each once.</summary>
    public required Guid Id { get; init; }

    /// <summary>The configuration's name, in which a slash is an underscore; the deployment's id if it has none.</summary>
    public required string Name { get; init; }

    /// <summary>The agent hook that applies it.</summary>
    public required string Group { get; init; }

    /// <summary>When the configuration was created: UTC, whole seconds.</summary>
    public required DateTimeOffset CreationTime { get; init; }

    /// <summary>When the run fails unless its outcome was reported before, also after that; absent without a timeout.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required DateTimeOffset? Deadline { get; init; }

    /// <summary>The configuration itself; an empty text if there is none.</summary>
    public required JsonElement Config { get; init; }

    /// <summary>The inputs, each with its value, and where to report the outcome.</summary>
    public required IReadOnlyList<ConfigInputDto> Inputs { get; init; }

    /// <summary>The declared outputs.</summary>
    public required IReadOnlyList<ConfigOutputDto> Outputs { get; init; }

    /// <summary>Settings for the agent hook.</summary>
    public required IReadOnlyDictionary<string, JsonElement> Options { get; init; }
}

/// <summary>Builds the document's item for a deployment. The names and defaults are those of OpenStack Heat.</summary>
internal static class AgentItem
{
    private const string DefaultGroup = "Heat::Ungrouped";

    private static readonly JsonElement Null = JsonElement.Parse("null");
    private static readonly JsonElement EmptyText = Text(string.Empty);

    /// <param name="deployment">The deployment.</param>
    /// <param name="signalAddress">Where its agent reports the outcome of the run.</param>
    /// <param name="mapper">Maps inputs and outputs.</param>
    public static AgentItemDto Create(DeploymentToApply deployment, string signalAddress, IMapper mapper) => new()
    {
        Id = deployment.Run,
        Name = (deployment.Name ?? deployment.DeploymentId.ToString()).Replace('/', '_'),
        Group = deployment.Group ?? DefaultGroup,
        CreationTime = deployment.CreationTime,
        Deadline = deployment.Deadline,
        Config = deployment.Config is { ValueKind: not JsonValueKind.Null } config ? config : EmptyText,
        Inputs = InputsOf(deployment, signalAddress, mapper),
        Outputs = mapper.Map<IReadOnlyList<ConfigOutputDto>>(deployment.Outputs),
        Options = deployment.Options,
    };

    private static List<ConfigInputDto> InputsOf(DeploymentToApply deployment, string signalAddress, IMapper mapper)
    {
        var given = deployment.InputValues ?? new Dictionary<string, JsonElement>();
        var inputs = deployment.Inputs
            .Select(input => mapper.Map<ConfigInputDto>(input) with
            {
                Value = given.TryGetValue(input.Name, out var value) ? value : input.Value ?? input.Default ?? Null,
            })
            .ToList();
        var names = deployment.Inputs.Select(input => input.Name).ToHashSet();
        foreach (var (name, value) in given)
        {
            AddUnlessNamed(name, value);
        }

        AddUnlessNamed("deploy_server_id", Text(deployment.ServerId));
        AddUnlessNamed("deploy_action", Text(deployment.Action ?? string.Empty));
        AddUnlessNamed("deploy_signal_transport", Text("TEMP_URL_SIGNAL"));
        AddUnlessNamed("deploy_signal_id", Text(signalAddress));
        AddUnlessNamed("deploy_signal_verb", Text("PUT")); // agents do not retry a POST
        return inputs;

        void AddUnlessNamed(string name, JsonElement value)
        {
            if (names.Add(name))
            {
                inputs.Add(new ConfigInputDto { Name = name, Type = ConfigValueType.String, Value = value });
            }
        }
    }

    private static JsonElement Text(string text) => JsonSerializer.SerializeToElement(text);
}
