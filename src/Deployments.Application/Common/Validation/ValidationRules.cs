using System.Text.Json;
using Deployments.Application.ChangeFeed;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;

namespace Deployments.Application.Common.Validation;

/// <summary>The rules that several validators share, with their error messages.</summary>
internal static class ValidationRules
{
    /// <summary>The name that a member has on the wire; error messages and the error body use it.</summary>
    public static string WireName(string member) => JsonNamingPolicy.SnakeCaseLower.ConvertName(member);

    /// <summary>Applies the rules of a part of the request, without a prefix in the names of its fields.</summary>
    public static void IncludeRulesOf<T, TPart>(this IRuleBuilder<T, TPart> rule, IValidator<TPart> validator) => rule
        .Custom((part, context) => validator.Validate(part).Errors.ForEach(context.AddFailure));

    public static IRuleBuilderOptions<T, string?> Required<T>(this IRuleBuilder<T, string?> rule) => rule
        .NotNull().WithMessage("{PropertyPath} is required.")
        .NotBlank();

    public static IRuleBuilderOptions<T, TItem?> IsObject<T, TItem>(this IRuleBuilder<T, TItem?> rule)
        where TItem : class => rule
        .NotNull().WithMessage("{PropertyPath} must be a JSON object.");

    public static IRuleBuilderOptions<T, string?> NotBlank<T>(this IRuleBuilder<T, string?> rule) => rule
        .SetValidator(new NotBlankValidator<T>());

    public static IRuleBuilderOptions<T, string?> AtMost<T>(this IRuleBuilder<T, string?> rule, int characters) => rule
        .SetValidator(new MaxCharactersValidator<T>(characters));

    public static IRuleBuilderOptions<T, string?> IsDeploymentStatus<T>(this IRuleBuilder<T, string?> rule) =>
        rule.IsOneOf(DeploymentStatusNames.All);

    public static IRuleBuilderOptions<T, string?> IsOneOf<T>(this IRuleBuilder<T, string?> rule, IReadOnlyList<string> names) => rule
        .SetValidator(new OneOfValidator<T>(names));

    public static IRuleBuilderOptions<T, int?> IsTimeout<T>(this IRuleBuilder<T, int?> rule) => rule
        .IsBetween(SoftwareDeployment.MinTimeout, SoftwareDeployment.MaxTimeout);

    public static IRuleBuilderOptions<T, int?> IsPageLimit<T>(this IRuleBuilder<T, int?> rule) => rule
        .IsBetween(1, ListDeploymentsQuery.MaxLimit);

    public static IRuleBuilderOptions<T, int?> IsWait<T>(this IRuleBuilder<T, int?> rule) => rule
        .IsBetween(1, ReadChangeFeedQuery.MaxWait);

    public static IRuleBuilderOptions<T, string?> IsIdempotencyKey<T>(this IRuleBuilder<T, string?> rule) => rule
        .SetValidator(new IdempotencyKeyValidator<T>())
        .OverridePropertyName("Idempotency-Key");

    private static IRuleBuilderOptions<T, int?> IsBetween<T>(this IRuleBuilder<T, int?> rule, int min, int max) => rule
        .InclusiveBetween(min, max).WithMessage($"{{PropertyPath}} must be from {min} to {max}.");
}
