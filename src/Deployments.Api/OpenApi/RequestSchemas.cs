using Deployments.Api.Controllers;
using Deployments.Domain.SoftwareDeployments;
using NJsonSchema;
using NJsonSchema.Generation;

namespace Deployments.Api.OpenApi;

/// <summary>
/// Says of request members what their types cannot: they bind nullable, so that validators can tell all broken rules at once,
/// but callers must know which are required and how long they may be.
/// </summary>
internal sealed class RequestSchemas : ISchemaProcessor
{
    public void Process(SchemaProcessorContext context)
    {
        if (context.ContextualType.Type != typeof(CreateSoftwareDeploymentBody))
        {
            return;
        }

        var schema = context.Schema;
        Require(schema, "config_id", SoftwareDeployment.MaxConfigIdLength);
        Require(schema, "server_id", SoftwareDeployment.MaxServerIdLength);
        schema.Properties["action"].MaxLength = SoftwareDeployment.MaxActionLength;
        schema.Properties["status_reason"].MaxLength = SoftwareDeployment.MaxStatusReasonLength;
        schema.Properties["stack_user_project_id"].MaxLength = SoftwareDeployment.MaxProjectIdLength;

        foreach (var name in DeploymentStatusNames.All)
        {
            schema.Properties["status"].Enumeration.Add(name);
        }
    }

    private static void Require(JsonSchema schema, string name, int maxLength)
    {
        var property = schema.Properties[name];
        property.IsRequired = true;
        property.IsNullableRaw = false;
        property.MinLength = 1;
        property.MaxLength = maxLength;
    }
}
