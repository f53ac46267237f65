using System.Text.Json;
using System.Text.Json.Serialization;
using Deployments.Application.Errors;
using FluentValidation;
using MediatR;

namespace Deployments.Application.SoftwareConfigs;

/// <summary>
/// Checks an orchestration template whose resources are software configurations, by the rules of their creation. Stores nothing.
/// Throws <see cref="InvalidRequestException"/> that names each resource and field at fault.
/// </summary>
/// <param name="Description">The template's own description.</param>
/// <param name="Resources">The resources by name.</param>
public sealed record ValidateTemplateQuery(string? Description, IReadOnlyDictionary<string, TemplateResource> Resources)
    : IRequest<TemplateDto>;

/// <summary>A resource of a template.</summary>
/// <param name="Type">Must be <c>OS::Heat::SoftwareConfig</c>.</param>
/// <param name="Properties">The configuration; null where the resource is of another type.</param>
public sealed record TemplateResource(string? Type, NewConfig? Properties)
{
    /// <summary>The one type of resource that is known here.</summary>
    public const string SoftwareConfig = "OS::Heat::SoftwareConfig";
}

/// <summary>What is known of a template that is valid.</summary>
public sealed record TemplateDto
{
    /// <summary>The template's own description, or "No description".</summary>
    [JsonPropertyName("Description")]
    public required string Description { get; init; }

    /// <summary>The template's parameters: always none.</summary>
    [JsonPropertyName("Parameters")]
    public required IReadOnlyDictionary<string, JsonElement> Parameters { get; init; }
}

internal sealed class ValidateTemplateValidator : AbstractValidator<ValidateTemplateQuery>
{
    private const int MaxShownName = 100;

    public ValidateTemplateValidator(IValidator<NewConfig> config) =>
        RuleFor(query => query.Resources).Custom((resources, context) =>
        {
            foreach (var (name, resource) in resources)
            {
                var path = $"template.resources.{Shown(name)}";
                if (resource.Type != TemplateResource.SoftwareConfig)
                {
                    context.AddFailure(
                        $"{path}.type",
                        $"{path}.type must be {TemplateResource.SoftwareConfig}; the type {resource.Type ?? "(none)"} is not known here.");
                    continue;
                }

                // Each message begins with its field.
                foreach (var failure in config.Validate(resource.Properties!).Errors)
                {
                    context.AddFailure($"{path}.properties.{failure.PropertyName}", $"{path}.properties.{failure.ErrorMessage}");
                }
            }
        });

    // A name may be as long as the body, and every message repeats it.
    private static ReadOnlySpan<char> Shown(string name) =>
        name.Length <= MaxShownName ? name
        : name.AsSpan(0, char.IsHighSurrogate(name[MaxShownName - 1]) ? MaxShownName - 1 : MaxShownName);
}

internal sealed class ValidateTemplateHandler : IRequestHandler<ValidateTemplateQuery, TemplateDto>
{
    public Task<TemplateDto> Handle(ValidateTemplateQuery query, CancellationToken cancellationToken) => Task.FromResult(new TemplateDto
    {
        Description = query.Description ?? "No description",
        Parameters = new Dictionary<string, JsonElement>(),
    });
}
