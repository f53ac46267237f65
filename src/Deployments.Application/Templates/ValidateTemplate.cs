using System.Text.Json;
using System.Text.Json.Serialization;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareConfigs;
using FluentValidation;
using MediatR;

namespace Deployments.Application.Templates;

/// <summary>
/// Checks an orchestration template whose resources are software configurations, by the rules of their creation. Stores nothing.
/// Throws <see cref="InvalidRequestException"/>, which names each invalid resource and field.
/// </summary>
/// <param name="Description">The template's description.</param>
/// <param name="Resources">The resources by name.</param>
public sealed record ValidateTemplateQuery(string? Description, IReadOnlyDictionary<string, TemplateResource> Resources)
    : IRequest<TemplateDto>;

/// <summary>A resource of a template.</summary>
/// <param name="Type">Must be <c>OS::Heat::SoftwareConfig</c>.</param>
/// <param name="Properties">The configuration; null where the resource is of another type.</param>
public sealed record TemplateResource(string? Type, NewConfig? Properties)
{
    /// <summary>The only supported type of resource.</summary>
    public const string SoftwareConfig = "OS::Heat::SoftwareConfig";
}

/// <summary>A valid template.</summary>
public sealed record TemplateDto
{
    /// <summary>The template's description, or "No description".</summary>
    [JsonPropertyName("Description")]
    public required string Description { get; init; }

    /// <summary>The template's parameters: always none.</summary>
    [JsonPropertyName("Parameters")]
    public required IReadOnlyDictionary<string, JsonElement> Parameters { get; init; }
}

internal sealed class ValidateTemplateValidator : AbstractValidator<ValidateTemplateQuery>
{
    public ValidateTemplateValidator(IValidator<NewConfig> config) =>
        RuleFor(query => query.Resources).Custom((resources, context) =>
        {
            // A body can hold tens of thousands of resources: those after the last error that is reported are not checked.
            foreach (var (field, message) in resources.SelectMany(resource => ErrorsOf(resource.Key, resource.Value, config))
                .Take(InvalidRequestException.MaxErrors))
            {
                context.AddFailure(field, message);
            }
        });

    private static IEnumerable<(string Field, string Message)> ErrorsOf(string name, TemplateResource resource, IValidator<NewConfig> config)
    {
        var path = $"template.resources.{name.Truncate()}";
        return resource.Type == TemplateResource.SoftwareConfig
            ? config.Validate(resource.Properties!).Errors.Select(failure => (
                $"{path}.properties.{failure.PropertyName}",
                $"{path}.properties.{failure.ErrorMessage}")) // each message begins with its field
            : [(
                $"{path}.type",
                $"{path}.type must be {TemplateResource.SoftwareConfig}; the type {resource.Type?.Truncate() ?? "(none)"} is not supported.")];
    }
}

internal sealed class ValidateTemplateHandler : IRequestHandler<ValidateTemplateQuery, TemplateDto>
{
    public Task<TemplateDto> Handle(ValidateTemplateQuery query, CancellationToken cancellationToken) => Task.FromResult(new TemplateDto
    {
        Description = query.Description ?? "No description",
        Parameters = new Dictionary<string, JsonElement>(),
    });
}
