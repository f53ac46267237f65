using System.Text.Json.Serialization;
using Deployments.Api.Contracts;
using Deployments.Application.SoftwareDeployments;
using Deployments.Application.Templates;
using FluentValidation;
using NJsonSchema.Generation;

namespace Deployments.Api.OpenApi;

/// <summary>
/// Adds the limits of the validators to request schemas: members are nullable, so that validators can report all broken rules at once,
/// but callers must see which are required and how long they may be.
/// </summary>
internal sealed class RequestSchemaProcessor(IServiceProvider services) : ISchemaProcessor
{
    public void Process(SchemaProcessorContext context)
    {
        // References to schemas are processed too, and have no members of their own.
        var (schema, type) = (context.Schema, context.ContextualType.Type);
        if (schema.Properties.Count == 0)
        {
            return;
        }

        var validated = type == typeof(CreateSoftwareDeploymentsBody) ? typeof(CreateDeploymentsCommand) : type;
        if (services.GetService(typeof(IValidator<>).MakeGenericType(validated)) is IValidator validator)
        {
            foreach (var rule in validator.AllRules())
            {
                if (schema.Properties.TryGetValue(rule.PropertyName, out var property))
                {
                    property.Limit(rule);
                }
                else if (rule.Member?.IsDefined(typeof(JsonExtensionDataAttribute), inherit: false) == true)
                {
                    schema.AllowAdditionalProperties = false;
                }
            }
        }

        // The shape of a template is checked as it is read, before there is anything to validate.
        if (type == typeof(ValidateTemplateBody))
        {
            schema.Properties["template"].Require();
        }
        else if (type == typeof(TemplateBody))
        {
            schema.Properties["resources"].AdditionalPropertiesSchema!.IsNullableRaw = null;
        }
        else if (type == typeof(TemplateResourceBody))
        {
            schema.Properties["type"].Require();
            schema.Properties["type"].Enumeration.Add(TemplateResource.SoftwareConfig);
        }
    }
}
