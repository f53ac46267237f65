using System.Globalization;
using NJsonSchema;
using NJsonSchema.CodeGeneration;
using NJsonSchema.CodeGeneration.CSharp;
using NSwag;
using NSwag.CodeGeneration.CSharp;
using NSwag.CodeGeneration.OperationNameGenerators;

// Writes the C# client of an OpenAPI document: its only arguments are the document and the file to write.
var document = await OpenApiDocument.FromFileAsync(args[0]);
foreach (var schema in document.Components.Schemas.Values)
{
    // Members that a later version of the service adds are ignored.
    schema.AllowAdditionalProperties = false;
}

const string AnyJson = "System.Text.Json.JsonElement";
var settings = new CSharpClientGeneratorSettings
{
    ClassName = "DeploymentsClient",
    OperationNameGenerator = new SingleClientFromOperationIdOperationNameGenerator(),
    GenerateClientInterfaces = true,
    GenerateOptionalParameters = true,
    UseBaseUrl = false,
    InjectHttpClient = true,
    DisposeHttpClient = false,
    ExceptionClass = "DeploymentsException",
    GenerateExceptionClasses = false, // ours have the service's error in their message
    CSharpGeneratorSettings =
    {
        Namespace = "Deployments.Client",
        ClassStyle = CSharpClassStyle.Poco,
        JsonLibrary = CSharpJsonLibrary.SystemTextJson,
        JsonLibraryVersion = 10.0m, // enums by their own names
        AnyType = AnyJson,
        GenerateDataAnnotations = false,
        GenerateNullableReferenceTypes = true,
        GenerateOptionalPropertiesAsNullable = true,
        UseRequiredKeyword = true,
        ArrayType = "System.Collections.Generic.IReadOnlyList",
        ArrayInstanceType = "System.Collections.Generic.List",
        ArrayBaseType = "System.Collections.Generic.List",
        DictionaryType = "System.Collections.Generic.IReadOnlyDictionary",
        DictionaryInstanceType = "System.Collections.Generic.Dictionary",
        PropertyNameGenerator = new PropertyNames(),
        EnumNameGenerator = new EnumNames(),
        TypeNameGenerator = new TypeNames(),
        TemplateDirectory = AppContext.BaseDirectory,
    },
};
var client = new CSharpClientGenerator(document, settings).GenerateFile()
    .Replace("System.Text.Json.Serialization.JsonStringEnumConverter<", "EnumConverter<", StringComparison.Ordinal); // ours accepts no numbers
await File.WriteAllTextAsync(args[1], client);

internal sealed class PropertyNames : IPropertyNameGenerator
{
    // A member of a C# class cannot have its class's name.
    public string Generate(JsonSchemaProperty property) => property.Name == "error" ? "Cause" : Words.Join(property.Name);
}

internal sealed class EnumNames : IEnumNameGenerator
{
    public string Generate(int index, string? name, object? value, JsonSchema schema) => Words.Join(name!);
}

internal static class Words
{
    public static string Join(string name)
    {
        // A status is in capitals, and so are the members that are named after one.
        var cased = name.Any(char.IsLower) ? name : name.ToLower(CultureInfo.InvariantCulture);
        return string.Concat(cased.Split(['_', ':'], StringSplitOptions.RemoveEmptyEntries).Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
    }
}

internal sealed class TypeNames : DefaultTypeNameGenerator
{
    // The parameter's name alone says too little.
    protected override string Generate(JsonSchema schema, string? typeNameHint) =>
        base.Generate(schema, typeNameHint?.ToLowerInvariant() switch { "order" => "FeedOrder", "sort_dir" => "SortDirection", _ => typeNameHint });
}
