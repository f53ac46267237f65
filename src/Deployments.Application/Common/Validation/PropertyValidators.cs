using Deployments.Domain.Common;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;
using FluentValidation.Validators;

namespace Deployments.Application.Common.Validation;

/// <summary>A rule that allows some values only.</summary>
public interface IOneOfValidator : IPropertyValidator
{
    /// <summary>The values that it allows.</summary>
    IReadOnlyList<string> Names { get; }
}

/// <summary>Not blank, where given.</summary>
internal sealed class NotBlankValidator<T> : PropertyValidator<T, string?>, ILengthValidator, IRegularExpressionValidator
{
    public override string Name => "NotBlankValidator";

    public int Min => 1;

    public int Max => -1;

    public string Expression => @"\S";

    public override bool IsValid(ValidationContext<T> context, string? value) => value is null || !string.IsNullOrWhiteSpace(value);

    protected override string GetDefaultMessageTemplate(string errorCode) => "{PropertyPath} must not be blank.";
}

/// <summary>A maximum number of characters, counted as <see cref="CharacterLimits"/> counts them.</summary>
internal sealed class MaxCharactersValidator<T>(int max) : PropertyValidator<T, string?>, ILengthValidator
{
    public override string Name => "MaxCharactersValidator";

    public int Min => 0;

    public int Max => max;

    public override bool IsValid(ValidationContext<T> context, string? value) => value is null || value.HasAtMost(max);

    protected override string GetDefaultMessageTemplate(string errorCode) => $"{{PropertyPath}} must have at most {max} characters.";
}

/// <summary>A maximum number of items.</summary>
internal sealed class MaxItemsValidator<T, TItem>(int max, string items) : PropertyValidator<T, IEnumerable<TItem>?>, ILengthValidator
{
    public override string Name => "MaxItemsValidator";

    public int Min => 0;

    public int Max => max;

    public override bool IsValid(ValidationContext<T> context, IEnumerable<TItem>? value) => value is null || value.Count() <= max;

    protected override string GetDefaultMessageTemplate(string errorCode) => $"{{PropertyPath}} must hold at most {max} {items}.";
}

/// <summary>Exactly one of the names, where given.</summary>
internal sealed class OneOfValidator<T>(IReadOnlyList<string> names) : PropertyValidator<T, string?>, IOneOfValidator
{
    public override string Name => "OneOfValidator";

    public IReadOnlyList<string> Names => names;

    public override bool IsValid(ValidationContext<T> context, string? value) => value is null || names.Contains(value);

    protected override string GetDefaultMessageTemplate(string errorCode) => $"{{PropertyPath}} must be one of {string.Join(", ", names)}.";
}

/// <summary>A valid <see cref="IdempotencyKey"/>, where given.</summary>
internal sealed class IdempotencyKeyValidator<T> : PropertyValidator<T, string?>, ILengthValidator, IRegularExpressionValidator
{
    public override string Name => "IdempotencyKeyValidator";

    public int Min => 1;

    public int Max => IdempotencyKey.MaxLength;

    public string Expression => "^[!-~]+$";

    public override bool IsValid(ValidationContext<T> context, string? value) => value is null || IdempotencyKey.IsValid(value);

    protected override string GetDefaultMessageTemplate(string errorCode) =>
        $"{{PropertyPath}} must have 1 to {Max} visible ASCII characters.";
}
