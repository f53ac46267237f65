using System.Text.Json;
using Deployments.Api.Json;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareConfigs;
using Deployments.Application.Templates;

namespace Deployments.Api.Contracts;

/// <summary>A template to validate. Fields that are not listed here are ignored.</summary>
[JsonBody(DepthOfValues = 5)]
public sealed record ValidateTemplateBody
{
    /// <summary>The template.</summary>
    public TemplateBody? Template { get; init; }

    internal ValidateTemplateQuery ToQuery(JsonSerializerOptions options)
    {
        var template = Template ?? throw new InvalidRequestException("template", "template is required.");
        var resources = (template.Resources ?? new Dictionary<string, TemplateResourceBody?>()).ToDictionary(
            resource => resource.Key, resource => ToResource($"template.resources.{resource.Key.Truncate()}", resource.Value, options));
        return new ValidateTemplateQuery(template.Description, resources);
    }

    private static TemplateResource ToResource(string path, TemplateResourceBody? resource, JsonSerializerOptions options) =>
        resource?.ToResource($"{path}.properties", options) ?? throw new InvalidRequestException(path, $"{path} must be a JSON object.");
}

/// <summary>An orchestration template.</summary>
public sealed record TemplateBody
{
    /// <summary>The version of the template's format.</summary>
    /// <example>2013-05-23</example>
    public string? HeatTemplateVersion { get; init; }

    /// <summary>What the template is for.</summary>
    public string? Description { get; init; }

    /// <summary>The resources by name.</summary>
    public IReadOnlyDictionary<string, TemplateResourceBody?>? Resources { get; init; }
}

/// <summary>A resource of a template.</summary>
public sealed record TemplateResourceBody
{
    /// <summary>The resource's type: <c>OS::Heat::SoftwareConfig</c>.</summary>
    /// <example>OS::Heat::SoftwareConfig</example>
    public string? Type { get; init; }

    /// <summary>The software configuration, as in the request that creates one.</summary>
    public JsonElement? Properties { get; init; }

    // Only properties of the supported type can be read.
    internal TemplateResource ToResource(string path, JsonSerializerOptions options) => new(
        Type,
        Type != TemplateResource.SoftwareConfig ? null
            : Properties is { } properties ? JsonBodyReader.Read<NewConfig>(properties, path, options)
            : new NewConfig());
}
