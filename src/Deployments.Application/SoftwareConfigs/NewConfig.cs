using System.Text.Json;
using System.Text.Json.Serialization;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Validation;
using Deployments.Domain.SoftwareConfigs;
using FluentValidation;
using FluentValidation.Results;
using UUIDNext;

namespace Deployments.Application.SoftwareConfigs;

/// <summary>A software configuration to create. Fields that are not listed here are ignored; null is the same as omitting a field.</summary>
public sealed record NewConfig
{
    /// <summary>How many inputs, and how many outputs, a configuration may have.</summary>
    public const int MaxValues = 1_000;

    /// <summary>Its name.</summary>
    /// <example>install-web-server</example>
    public string? Name { get; init; }

    /// <summary>The agent hook that applies it.</summary>
    /// <example>script</example>
    public string? Group { get; init; }

    /// <summary>The configuration itself: any JSON value, usually a script as a string.</summary>
    public JsonElement? Config { get; init; }

    /// <summary>Its inputs: at most 1,000, with distinct names.</summary>
    public IList<NewConfigInput?>? Inputs { get; init; }

    /// <summary>Its outputs: at most 1,000, with distinct names.</summary>
    public IList<NewConfigOutput?>? Outputs { get; init; }

    /// <summary>Settings for the agent hook, as key-value pairs. They are returned as they were sent; an empty list is read as {}.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Options { get; init; }

    internal SoftwareConfig Create(string projectId, DateTimeOffset now) => new(
        Uuid.NewDatabaseFriendly(Database.PostgreSql),
        projectId,
        now,
        Name,
        Group,
        Config,
        Inputs?.Select(input => input!.Create()).ToList(),
        Outputs?.Select(output => output!.Create()).ToList(),
        Options);
}

/// <summary>An input of a configuration. Fields that are not listed here are refused.</summary>
public sealed record NewConfigInput
{
    /// <summary>Its name.</summary>
    /// <example>port</example>
    public string? Name { get; init; }

    /// <summary>What it is for.</summary>
    public string? Description { get; init; }

    /// <summary>Its type; String by default.</summary>
    /// <example>Number</example>
    public string? Type { get; init; }

    /// <summary>
    /// Its value if none is given. It must fit the type, if one is given: a String may also be an integer or a Boolean, a Number also a
    /// numeric string, a Boolean also "true" or "false", a CommaDelimitedList a list or a string, Json anything; "" fits every type.
    /// </summary>
    public JsonElement? Default { get; init; }

    /// <summary>Whether a changed value requires another server; also accepted as a string, "true" or "false" in any case.</summary>
    public bool? ReplaceOnChange { get; init; }

    /// <summary>Its value. Null is a value: a deployment's own configuration has a value for every input.</summary>
    public JsonElement Value { get; init; }

    /// <summary>Unsupported fields; each is an error.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? UnknownMembers { get; init; }

    internal ConfigInput Create() => new(
        Name!,
        ConfigValueTypes.Parse(Type) ?? ConfigValueType.String,
        Description,
        Default,
        ReplaceOnChange ?? false,
        Value.ValueKind == JsonValueKind.Undefined ? null : Value);
}

/// <summary>An output of a configuration. Fields that are not listed here are refused.</summary>
public sealed record NewConfigOutput
{
    /// <summary>Its name.</summary>
    /// <example>address</example>
    public string? Name { get; init; }

    /// <summary>What it is for.</summary>
    public string? Description { get; init; }

    /// <summary>Its type; String by default.</summary>
    public string? Type { get; init; }

    /// <summary>Whether a value means that the deployment failed; false by default. Also accepted as a string, "true" or "false" in any case.</summary>
    public bool? ErrorOutput { get; init; }

    /// <summary>Unsupported fields; each is an error.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? UnknownMembers { get; init; }

    internal ConfigOutput Create() =>
        new(Name!, ConfigValueTypes.Parse(Type) ?? ConfigValueType.String, Description, ErrorOutput ?? false);
}

internal sealed class NewConfigValidator : AbstractValidator<NewConfig>
{
    public NewConfigValidator()
    {
        RuleFor(config => config.Name).AtMost(SoftwareConfig.MaxNameLength);
        RuleFor(config => config.Group).AtMost(SoftwareConfig.MaxGroupLength);
        RuleFor(config => config.Inputs)
            .SetValidator(new MaxItemsValidator<NewConfig, NewConfigInput?>(NewConfig.MaxValues, "inputs"))
            .DependentRules(() =>
            {
                RuleForEach(config => config.Inputs).IsObject().SetValidator(new InputValidator()!);
                RuleFor(config => config.Inputs)
                    .Custom((inputs, context) => AddDuplicateErrors(inputs?.Select(input => input?.Name), "inputs", context));
            });
        RuleFor(config => config.Outputs)
            .SetValidator(new MaxItemsValidator<NewConfig, NewConfigOutput?>(NewConfig.MaxValues, "outputs"))
            .DependentRules(() =>
            {
                RuleForEach(config => config.Outputs).IsObject().SetValidator(new OutputValidator()!);
                RuleFor(config => config.Outputs)
                    .Custom((outputs, context) => AddDuplicateErrors(outputs?.Select(output => output?.Name), "outputs", context));
            });
    }

    private static void AddDuplicateErrors(IEnumerable<string?>? names, string list, ValidationContext<NewConfig> context)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (index, name) in (names ?? []).Index())
        {
            if (name is not null && !seen.Add(name))
            {
                context.AddFailure($"{list}[{index}].name", $"{list}[{index}].name is a duplicate: {name.Truncate()}.");
            }
        }
    }

    private static void AddUnknownFieldErrors<T>(IDictionary<string, JsonElement>? members, ValidationContext<T> context)
    {
        foreach (var member in (members?.Keys ?? []).Take(InvalidRequestException.MaxErrors))
        {
            var path = context.PropertyChain.BuildPropertyPath(member.Truncate());
            context.AddFailure(new ValidationFailure(path, $"{path} is not a supported field."));
        }
    }

    private sealed class InputValidator : AbstractValidator<NewConfigInput>
    {
        public InputValidator()
        {
            RuleFor(input => input.Name).Required();
            RuleFor(input => input.Type).IsOneOf(ConfigValueTypes.Names);
            RuleFor(input => input.Default)
                .Must((input, value) => value is not { } given || ConfigValueTypes.Parse(input.Type) is not { } type || type.Accepts(given))
                .WithMessage(input => $"{{PropertyPath}} does not fit the type {input.Type}.");
            RuleFor(input => input.UnknownMembers).Custom((members, context) => AddUnknownFieldErrors(members, context));
        }
    }

    private sealed class OutputValidator : AbstractValidator<NewConfigOutput>
    {
        public OutputValidator()
        {
            RuleFor(output => output.Name).Required();
            RuleFor(output => output.Type).IsOneOf(ConfigValueTypes.Names);
            RuleFor(output => output.UnknownMembers).Custom((members, context) => AddUnknownFieldErrors(members, context));
        }
    }
}
