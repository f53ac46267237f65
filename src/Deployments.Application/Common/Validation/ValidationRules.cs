using System.Text.Json;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.Common;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;

namespace Deployments.Application.Common.Validation;

/// <summary>The rules that several validators share, with the words in which a caller is told of them.</summary>
internal static class ValidationRules
{
    private const string IdempotencyKey = "Idempotency-Key";

    /// <summary>The name that a member has on the wire; error messages and the error body use it.</summary>
    public static string WireName(string member) => JsonNamingPolicy.SnakeCaseLower.ConvertName(member);

    /// <summary>The rules of a part of the request, told as if they were the request's own.</summary>
    public static void IncludeRulesOf<T, TPart>(this IRuleBuilder<T, TPart> rule, IValidator<TPart> validator) => rule
        .Custom((part, context) => validator.Validate(part).Errors.ForEach(context.AddFailure));

    public static IRuleBuilderOptions<T, string?> Required<T>(this IRuleBuilder<T, string?> rule) => rule
        .NotNull().WithMessage("{PropertyPath} is required.")
        .NotBlank();

    public static IRuleBuilderOptions<T, string?> NotBlank<T>(this IRuleBuilder<T, string?> rule) => rule
        .Must(text => text is null || !string.IsNullOrWhiteSpace(text)).WithMessage("{PropertyPath} must not be blank.");

    public static IRuleBuilderOptions<T, string?> AtMost<T>(this IRuleBuilder<T, string?> rule, int characters) => rule
        .Must(text => text is null || text.HasAtMost(characters))
        .WithMessage($"{{PropertyPath}} must have at most {characters} characters.");

    public static IRuleBuilderOptions<T, string?> IsDeploymentStatus<T>(this IRuleBuilder<T, string?> rule) =>
        rule.IsOneOf(DeploymentStatusNames.All);

    public static IRuleBuilderOptions<T, string?> IsOneOf<T>(this IRuleBuilder<T, string?> rule, IReadOnlyList<string> names) => rule
        .Must(text => text is null || names.Contains(text))
        .WithMessage($"{{PropertyPath}} must be one of {string.Join(", ", names)}.");

    public static IRuleBuilderOptions<T, int?> IsTimeout<T>(this IRuleBuilder<T, int?> rule) => rule
        .InclusiveBetween(1, SoftwareDeployment.MaxTimeout).WithMessage($"{{PropertyPath}} must be from 1 to {SoftwareDeployment.MaxTimeout}.");

    public static IRuleBuilderOptions<T, string?> IsIdempotencyKey<T>(this IRuleBuilder<T, string?> rule) => rule
        .Must(key => key is null || Domain.SoftwareDeployments.IdempotencyKey.IsValid(key))
        .WithMessage($"{IdempotencyKey} must have 1 to {Domain.SoftwareDeployments.IdempotencyKey.MaxLength} visible ASCII characters.")
        .OverridePropertyName(IdempotencyKey);

    public static IRuleBuilderOptions<T, int?> IsPageLimit<T>(this IRuleBuilder<T, int?> rule) => rule
        .InclusiveBetween(1, ListDeploymentsQuery.MaxLimit).WithMessage($"{{PropertyPath}} must be from 1 to {ListDeploymentsQuery.MaxLimit}.");
}
