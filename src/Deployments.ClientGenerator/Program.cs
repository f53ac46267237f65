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
    foreach (var property in schema.Properties.Values)
    {
        ShareEnum(property);
    }
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
        TypeNameGenerator = new TypeNames(),
        TemplateDirectory = AppContext.BaseDirectory,
    },
};
var client = new CSharpClientGenerator(document, settings).GenerateFile()
    .Replace("System.Text.Json.Serialization.JsonStringEnumConverter<", "EnumConverter<", StringComparison.Ordinal); // ours accepts no numbers
await File.WriteAllTextAsync(args[1], client);

// A nullable member repeats the enum's values. In C# it is the nullable enum.
void ShareEnum(JsonSchemaProperty property)
{
    var values = property.Enumeration.OfType<string>().ToHashSet();
    var shared = document.Components.Schemas.Values.FirstOrDefault(
        schema => schema.Enumeration.Count > 0 && values.SetEquals(schema.Enumeration.OfType<string>()));
    if (shared is not null)
    {
        property.Enumeration.Clear();
        property.Type = JsonObjectType.None;
        property.AllOf.Add(new JsonSchema { Reference = shared });
    }
}

internal sealed class PropertyNames : IPropertyNameGenerator
{
    // A member of a C# class cannot have its class's name.
    public string Generate(JsonSchemaProperty property) => property.Name == "error" ? "Cause" : string.Concat(
        property.Name.Split('_').Select(word => word[..1].ToUpper(CultureInfo.InvariantCulture) + InCase(word)[1..]));

    // The members that are named after a status are in capitals.
    private static string InCase(string word) => word.Any(char.IsLower) ? word : word.ToLower(CultureInfo.InvariantCulture);
}

internal sealed class TypeNames : DefaultTypeNameGenerator
{
    // The parameter's name alone says too little.
    protected override string Generate(JsonSchema schema, string? typeNameHint) =>
        base.Generate(schema, typeNameHint?.ToLowerInvariant() switch { "order" => "FeedOrder", "sort_dir" => "SortDirection", _ => typeNameHint });
}
