using System.Text.RegularExpressions;
using NJsonSchema;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;

namespace Deployments.Api.OpenApi;

/// <summary>Brings the whole document into the form that generators of clients make the best of.</summary>
internal sealed partial class GeneratorsProcessor : IDocumentProcessor
{
    public void Process(DocumentProcessorContext context)
    {
        var document = context.Document;
        var schemas = document.Components.Schemas.Values;
        var enums = schemas.Where(schema => schema.Enumeration.Count > 0).ToList();

        foreach (var schema in schemas)
        {
            // NSwag's generated clients with System.Text.Json would read and write these names in place of the values.
            schema.EnumerationNames.Clear();
            schema.Description = WithoutWrapping(schema.Description);
            foreach (var property in schema.Properties.Values)
            {
                property.Description = WithoutWrapping(property.Description);
                ReferTo(enums, property);
            }
        }

        foreach (var operation in document.Operations.Select(description => description.Operation))
        {
            operation.Description = WithoutWrapping(operation.Description);
            foreach (var parameter in operation.Parameters)
            {
                parameter.Description = WithoutWrapping(parameter.Description);
            }

            foreach (var response in operation.Responses.Values)
            {
                response.Description = WithoutWrapping(response.Description);
            }
        }

        foreach (var tag in document.Tags)
        {
            tag.Description = WithoutWrapping(tag.Description);
        }
    }

    // A member of a request is a string with the names of an enum. Generators would make another type of each such list.
    private static void ReferTo(IEnumerable<JsonSchema> enums, JsonSchemaProperty property)
    {
        if (enums.FirstOrDefault(schema => schema.Enumeration.ToHashSet().SetEquals(property.Enumeration)) is { } named)
        {
            property.Enumeration.Clear();
            property.Type = JsonObjectType.None;
            property.AllOf.Add(new JsonSchema { Reference = named });
        }
    }

    // The documentation's lines are wrapped for its source; only its paragraphs, which an empty line separates, remain.
    private static string? WithoutWrapping(string? description) => description is null
        ? null
        : string.Join("\n\n", EmptyLine().Split(description).Select(paragraph => paragraph.Replace('\n', ' ')));

    [GeneratedRegex(@"\n\s*\n")]
    private static partial Regex EmptyLine();
}
