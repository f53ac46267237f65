using Deployments.Api.Contracts;
using Deployments.Application.SoftwareConfigs;
using Deployments.Application.SoftwareDeployments;
using Deployments.Application.Templates;
using Deployments.Domain.SoftwareConfigs;
using Deployments.Domain.SoftwareDeployments;
using NJsonSchema;
using NJsonSchema.Generation;

namespace Deployments.Api.OpenApi;

/// <summary>
/// Says of request members what their types cannot: they bind nullable, so that validators can tell all broken rules at once,
/// but callers must know which are required and how long they may be.
/// </summary>
internal sealed class RequestSchemaProcessor : ISchemaProcessor
{
    private static readonly Dictionary<Type, Action<JsonSchema>> Rules = new()
    {
        [typeof(CreateSoftwareDeploymentBody)] = body =>
        {
            Text(NotBlank(Required(body, "config_id")), SoftwareDeployment.MaxConfigIdLength);
            Text(NotBlank(Required(body, "server_id")), SoftwareDeployment.MaxServerIdLength);
            Text(body.Properties["action"], SoftwareDeployment.MaxActionLength);
            Text(body.Properties["status_reason"], SoftwareDeployment.MaxStatusReasonLength);
            Text(body.Properties["stack_user_project_id"], Domain.Common.ProjectId.MaxLength);
            Timeout(body.Properties["timeout"]);
            OneOf(body.Properties["status"], DeploymentStatusNames.All);
        },
        [typeof(CreateSoftwareDeploymentsBody)] = body =>
        {
            var deployments = Required(body, "software_deployments");
            deployments.MinItems = 1;
            deployments.MaxItems = CreateDeploymentsCommand.MaxCount;
            NotNull(deployments.Item!);
        },
        [typeof(UpdateSoftwareDeploymentBody)] = body =>
        {
            Text(NotBlank(body.Properties["config_id"]), SoftwareDeployment.MaxConfigIdLength);
            Text(body.Properties["action"], SoftwareDeployment.MaxActionLength);
            Text(body.Properties["status_reason"], SoftwareDeployment.MaxStatusReasonLength);
            Timeout(body.Properties["timeout"]);
            OneOf(body.Properties["status"], DeploymentStatusNames.All);
        },
        [typeof(CreateSoftwareConfigBody)] = body =>
        {
            Text(body.Properties["name"], SoftwareConfig.MaxNameLength);
            Text(body.Properties["group"], SoftwareConfig.MaxGroupLength);
            foreach (var values in new[] { body.Properties["inputs"], body.Properties["outputs"] })
            {
                values.MaxItems = NewConfig.MaxValues;
                NotNull(values.Item!);
            }
        },
        [typeof(ConfigInputBody)] = DescribeValue,
        [typeof(ConfigOutputBody)] = DescribeValue,
        [typeof(ValidateTemplateBody)] = body => Required(body, "template"),
        [typeof(TemplateBody)] = body => NotNull(body.Properties["resources"].AdditionalPropertiesSchema!),
        [typeof(TemplateResourceBody)] = body => OneOf(Required(body, "type"), [TemplateResource.SoftwareConfig]),
    };

    public void Process(SchemaProcessorContext context)
    {
        // A reference to a schema comes by here as well, and has no members of its own.
        if (context.Schema.Properties.Count > 0 && Rules.TryGetValue(context.ContextualType.Type, out var describe))
        {
            describe(context.Schema);
        }
    }

    private static void DescribeValue(JsonSchema value)
    {
        NotBlank(Required(value, "name"));
        OneOf(value.Properties["type"], ConfigValueTypes.Names);
        value.AllowAdditionalProperties = false;
    }

    private static JsonSchemaProperty Required(JsonSchema schema, string name)
    {
        var property = schema.Properties[name];
        property.IsRequired = true;
        NotNull(property);
        return property;
    }

    private static void NotNull(JsonSchema schema) => schema.IsNullableRaw = null;

    private static void Text(JsonSchema schema, int maxLength) => schema.MaxLength = maxLength;

    private static JsonSchema NotBlank(JsonSchema schema)
    {
        schema.MinLength = 1;
        schema.Pattern = @"\S";
        return schema;
    }

    private static void Timeout(JsonSchema schema)
    {
        schema.Minimum = 1;
        schema.Maximum = SoftwareDeployment.MaxTimeout;
    }

    private static void OneOf(JsonSchema schema, IReadOnlyList<string> names)
    {
        foreach (var name in names)
        {
            schema.Enumeration.Add(name);
        }

        if (schema.IsNullableRaw == true)
        {
            schema.Enumeration.Add(null);
        }
    }
}
