using System.Text.Json;
using Deployments.Domain;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;

namespace Deployments.Application.Behaviours;

/// <summary>The rules that several validators share, with the words in which a caller is told of them.</summary>
internal static class Rules
{
    /// <summary>The name that a member has on the wire; error messages and the error body use it.</summary>
    public static string WireName(string member) => JsonNamingPolicy.SnakeCaseLower.ConvertName(member);

    public static IRuleBuilderOptions<T, string?> Required<T>(this IRuleBuilder<T, string?> rule) => rule
        .NotNull().WithMessage("{PropertyName} is required.")
        .Must(text => text is null || !string.IsNullOrWhiteSpace(text)).WithMessage("{PropertyName} must not be blank.");

    public static IRuleBuilderOptions<T, string?> AtMost<T>(this IRuleBuilder<T, string?> rule, int characters) => rule
        .Must(text => text is null || text.HasAtMost(characters))
        .WithMessage($"{{PropertyName}} must have at most {characters} characters.");

    public static IRuleBuilderOptions<T, string?> IsDeploymentStatus<T>(this IRuleBuilder<T, string?> rule) => rule
        .Must(text => text is null || DeploymentStatusNames.Parse(text) is not null)
        .WithMessage($"{{PropertyName}} must be one of {string.Join(", ", DeploymentStatusNames.All)}.");
}
