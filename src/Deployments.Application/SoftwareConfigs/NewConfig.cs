using System.Text.Json;
using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Validation;
using Deployments.Domain.SoftwareConfigs;
using FluentValidation;
using FluentValidation.Results;
using UUIDNext;

namespace Deployments.Application.SoftwareConfigs;

/// <summary>A configuration to create, as it was sent. Strings are limited in Unicode characters; null is the same as not given.</summary>
public sealed record NewConfig
{
    /// <summary>How many inputs, and how many outputs, a configuration may have.</summary>
    public const int MaxValues = 1_000;

    /// <summary>At most 255 characters.</summary>
    public string? Name { get; init; }

    /// <summary>At most 255 characters.</summary>
    public string? Group { get; init; }

    /// <summary>Any JSON value, usually a script as a string.</summary>
    public JsonElement? Config { get; init; }

    /// <summary>What it takes: at most 1,000; no name twice.</summary>
    public IReadOnlyList<NewConfigInput?>? Inputs { get; init; }

    /// <summary>What it gives back: at most 1,000; no name twice.</summary>
    public IReadOnlyList<NewConfigOutput?>? Outputs { get; init; }

    /// <summary>Kept as sent.</summary>
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

/// <summary>An input of a configuration to create, as it was sent.</summary>
public sealed record NewConfigInput
{
    /// <summary>Required, not blank.</summary>
    public string? Name { get; init; }

    /// <summary>Free text.</summary>
    public string? Description { get; init; }

    /// <summary>String, Number, CommaDelimitedList, Json or Boolean; null means String.</summary>
    public string? Type { get; init; }

    /// <summary>Must fit the type.</summary>
    public JsonElement? Default { get; init; }

    /// <summary>Null means false.</summary>
    public bool? ReplaceOnChange { get; init; }

    /// <summary>Any JSON value, JSON's null among them; null if none was given.</summary>
    public JsonElement? Value { get; init; }

    /// <summary>The names of members that an input has not; each is an error.</summary>
    public IReadOnlyCollection<string> UnknownMembers { get; init; } = [];

    internal ConfigInput Create() => new(
        Name!, ConfigValueTypes.Parse(Type) ?? ConfigValueType.String, Description, Default, ReplaceOnChange ?? false, Value);
}

/// <summary>An output of a configuration to create, as it was sent.</summary>
public sealed record NewConfigOutput
{
    /// <summary>Required, not blank.</summary>
    public string? Name { get; init; }

    /// <summary>Free text.</summary>
    public string? Description { get; init; }

    /// <summary>String, Number, CommaDelimitedList, Json or Boolean; null means String.</summary>
    public string? Type { get; init; }

    /// <summary>Null means false.</summary>
    public bool? ErrorOutput { get; init; }

    /// <summary>The names of members that an output has not; each is an error.</summary>
    public IReadOnlyCollection<string> UnknownMembers { get; init; } = [];

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
            .Must(IsShort).WithMessage($"{{PropertyPath}} must hold at most {NewConfig.MaxValues} inputs.")
            .DependentRules(() =>
            {
                RuleForEach(config => config.Inputs)
                    .NotNull().WithMessage("{PropertyPath} must be a JSON object.")
                    .SetValidator(new InputValidator()!);
                RuleFor(config => config.Inputs)
                    .Custom((inputs, context) => AddDuplicateErrors(inputs?.Select(input => input?.Name), "inputs", context));
            });
        RuleFor(config => config.Outputs)
            .Must(IsShort).WithMessage($"{{PropertyPath}} must hold at most {NewConfig.MaxValues} outputs.")
            .DependentRules(() =>
            {
                RuleForEach(config => config.Outputs)
                    .NotNull().WithMessage("{PropertyPath} must be a JSON object.")
                    .SetValidator(new OutputValidator()!);
                RuleFor(config => config.Outputs)
                    .Custom((outputs, context) => AddDuplicateErrors(outputs?.Select(output => output?.Name), "outputs", context));
            });
    }

    private static bool IsShort<T>(IReadOnlyList<T>? values) => values is not { Count: > NewConfig.MaxValues };

    private static void AddDuplicateErrors(IEnumerable<string?>? names, string list, ValidationContext<NewConfig> context)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (index, name) in (names ?? []).Index())
        {
            if (name is not null && !seen.Add(name))
            {
                context.AddFailure($"{list}[{index}].name", $"{list}[{index}].name stands in the list already: {name.Truncate()}.");
            }
        }
    }

    private static void AddUnknownFieldErrors<T>(IEnumerable<string> members, ValidationContext<T> context)
    {
        foreach (var member in members.Take(InvalidRequestException.MaxErrors))
        {
            var path = context.PropertyChain.BuildPropertyPath(member.Truncate());
            context.AddFailure(new ValidationFailure(path, $"{path} is not known here."));
        }
    }

    private sealed class InputValidator : AbstractValidator<NewConfigInput>
    {
        public InputValidator()
        {
            RuleFor(input => input.Name).Required();
            RuleFor(input => input.Type).IsOneOf(ConfigValueTypes.Names);
            RuleFor(input => input.Default)
                .Must((input, value) => value is not { } given || TypeOf(input) is not { } type || type.Accepts(given))
                .WithMessage(input => $"{{PropertyPath}} does not fit the type {TypeOf(input)}.");
            RuleFor(input => input.UnknownMembers).Custom((members, context) => AddUnknownFieldErrors(members, context));
        }

        private static ConfigValueType? TypeOf(NewConfigInput input) =>
            input.Type is null ? ConfigValueType.String : ConfigValueTypes.Parse(input.Type);
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
