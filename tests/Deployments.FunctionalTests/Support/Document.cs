using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text.RegularExpressions;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;
using NJsonSchema;
using NJsonSchema.Validation;
using NJsonSchema.Validation.FormatValidators;
using NSwag;
using Shouldly;

namespace Deployments.FunctionalTests.Support;

/// <summary>docs/openapi.json; every accepted request and every response of the tests is validated against it.</summary>
internal sealed partial class Document
{
    private const string Projects = "/v1/"; // itself the document of the version
    private const HttpStatusCode FirstError = HttpStatusCode.BadRequest;

    private static readonly JsonSchemaValidatorSettings Formats = WithUuids();

    private readonly List<DocumentedOperation> operations;
    private readonly JsonSchema error;

    private Document(OpenApiDocument document)
    {
        error = document.Components.Schemas["Error"];

        // Clients ignore unknown members, but a member of a response that the document does not have was forgotten there.
        foreach (var (name, schema) in document.Components.Schemas)
        {
            schema.AllowAdditionalProperties = schema.Properties.Count == 0 || name.EndsWith("Body", StringComparison.Ordinal);
        }

        operations =
        [
            .. from description in document.Operations
               let parameters = description.Operation.ActualParameters.Where(parameter => parameter.Kind == OpenApiParameterKind.Path).ToList()
               orderby parameters.Count
               select new DocumentedOperation(
                   description.Method, PathOf(description.Path), parameters.ToDictionary(parameter => parameter.Name), description.Operation),
        ];
    }

    private static string File => Path.Combine(AppContext.BaseDirectory, "Data", "openapi.json");

    public static async Task<Document> ReadAsync() => new(await OpenApiDocument.FromFileAsync(File));

    /// <summary>Each example of a body or a member, by its path in the document, with what its schema finds wrong.</summary>
    public static async Task<IReadOnlyDictionary<string, List<string>>> ValidateExamplesAsync()
    {
        var schemas = (await OpenApiDocument.FromFileAsync(File)).Components.Schemas;
        var document = (JObject)Read(await System.IO.File.ReadAllTextAsync(File)); // NSwag would read the times in examples as such
        return document.Descendants().OfType<JProperty>().Where(member => member.Name == "example" && !IsOfParameter(member))
            .ToDictionary(example => example.Path, example => Validate(SchemaOf((JObject)example.Parent!), example.Value));

        bool IsOfParameter(JProperty example) => example.Parent!["in"] is not null;

        JsonSchema SchemaOf(JObject described)
        {
            if (described["schema"] is { } body)
            {
                return schemas[body.Value<string>("$ref")!.Split('/')[^1]];
            }

            var member = (JProperty)described.Parent!;
            var schema = (JProperty)member.Parent!.Parent!.Parent!.Parent!;
            return schemas[schema.Name].Properties[member.Name];
        }
    }

    /// <summary>Fails the test that sent the request if the response, or an accepted body, does not match the document.</summary>
    public async Task ShouldDescribeAsync(HttpRequestMessage request, HttpResponseMessage response)
    {
        var path = WithoutDots(EncodedLetter().Replace(request.RequestUri!.AbsolutePath, letter => Uri.UnescapeDataString(letter.Value)));
        var text = await response.Content.ReadAsStringAsync();
        if (request.Method == HttpMethod.Head || IsPreflight(request, response) || NeverReachedTheService(response, text))
        {
            return;
        }

        var operation = operations.FirstOrDefault(candidate => candidate.Is(request.Method.Method, path));

        var faults = operation is null ? OfUnknownPath(path, response.StatusCode, text) : OfAnswer(operation.Operation, response, text);
        if (response.StatusCode == HttpStatusCode.OK && operation?.Operation.RequestBody is { } body)
        {
            // Whatever the name of the character set: what is accepted is UTF-8.
            using var sent = new StreamReader(new MemoryStream(await request.Content!.ReadAsByteArrayAsync()));
            faults.AddRange(Validate(body.Content[Requests.Json].Schema, AsDocumented(Read(await sent.ReadToEndAsync()))));
        }

        faults.ShouldBeEmpty($"docs/openapi.json does not describe {request.Method} {path} ({(int)response.StatusCode}): {text}");
    }

    // For undocumented methods and paths outside projects only the format of errors is defined.
    private List<string> OfUnknownPath(string path, HttpStatusCode status, string text) =>
        status >= FirstError ? Validate(error, Read(text))
        : path.StartsWith(Projects, StringComparison.OrdinalIgnoreCase) && path.Length > Projects.Length ? [$"The document has no operation at {path}."]
        : [];

    private static List<string> OfAnswer(OpenApiOperation operation, HttpResponseMessage response, string text)
    {
        if (!operation.ActualResponses.TryGetValue(((int)response.StatusCode).ToString(CultureInfo.InvariantCulture), out var documented))
        {
            return ["The status is not listed."];
        }

        List<string> faults = [];
        foreach (var (name, header) in documented.Headers)
        {
            if (HeaderOf(response, name) is { } value)
            {
                faults.AddRange(Validate(header.Schema, header.Schema.Type == JsonObjectType.Integer ? Read(value) : value));
            }
            else if (header.IsRequired)
            {
                faults.Add($"{name} is missing.");
            }
        }

        if (documented.Content.Count == 0)
        {
            return text.Length == 0 ? faults : [.. faults, "There should be no body."];
        }

        var mediaType = response.Content.Headers.ContentType?.MediaType;
        return mediaType is not null && documented.Content.TryGetValue(mediaType, out var content)
            ? [.. faults, .. Validate(content.Schema, Read(text))]
            : [.. faults, $"The media type {mediaType} is not listed."];
    }

    // Tests send dot segments unresolved; the server resolves them.
    private static string WithoutDots(string path) => new Uri($"http://service{path}").AbsolutePath;

    // A CORS preflight request.
    private static bool IsPreflight(HttpRequestMessage request, HttpResponseMessage response) =>
        request.Method == HttpMethod.Options && response.StatusCode == HttpStatusCode.NoContent;

    // Malformed or too large HTTP is rejected by Kestrel.
    private static bool NeverReachedTheService(HttpResponseMessage response, string text) =>
        response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.RequestUriTooLong or HttpStatusCode.RequestHeaderFieldsTooLarge
        && text.Length == 0 && HeaderOf(response, ApiResponse.RequestIdHeader) is null;

    private static string? HeaderOf(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values)
            ? string.Join(", ", values)
            : null;

    private static List<string> Validate(JsonSchema schema, JToken value) =>
        [.. new JsonSchemaValidator(Formats).Validate(value, schema.ActualSchema, SchemaType.OpenApi3).Select(fault => fault.ToString())];

    private static JToken Read(string json)
    {
        using var text = new StringReader(json);
        using var reader = new JsonTextReader(text) { DateParseHandling = DateParseHandling.None, MaxDepth = null };
        var token = JToken.ReadFrom(reader);

        // The validator does not support integers beyond 64 bits, and counts a character outside the BMP twice.
        foreach (var value in new JArray(token).Descendants().OfType<JValue>())
        {
            value.Value = value.Value switch
            {
                BigInteger integer => (double)integer,
                string characters => SurrogatePair().Replace(characters, "-"),
                var other => other,
            };
        }

        return token;
    }

    // Some forms are taken from real clients and documented in words: a choice of types would leave generated clients without a type.
    private static JToken AsDocumented(JToken body)
    {
        foreach (var member in ((JObject)body).Descendants().OfType<JProperty>().ToList())
        {
            if (member is { Name: "input_values" or "output_values" or "options", Value: JArray { Count: 0 } })
            {
                member.Value = new JObject();
            }
            else if (member is { Name: "error_output" or "replace_on_change", Value: JValue { Value: string text } } && bool.TryParse(text, out var value))
            {
                member.Value = value;
            }
        }

        return body;
    }

    private static Regex PathOf(string template) => new(
        $"^{Regex.Replace(template, "{(.+?)}", part => part.Groups[1].Value == "server_id" ? "(?<server_id>.+)" : $"(?<{part.Groups[1].Value}>[^/]+)")}/?$",
        RegexOptions.IgnoreCase);

    [GeneratedRegex("%(3[0-9]|[46][1-9A-F]|[57][0-9A])", RegexOptions.IgnoreCase)]
    private static partial Regex EncodedLetter();

    [GeneratedRegex("[\\ud800-\\udbff][\\udc00-\\udfff]")]
    private static partial Regex SurrogatePair();

    private static JsonSchemaValidatorSettings WithUuids()
    {
        var settings = new JsonSchemaValidatorSettings();
        settings.AddCustomFormatValidator(new Uuids());
        return settings;
    }

    // The validator has the format guid, which OpenAPI does not.
    private sealed class Uuids : IFormatValidator
    {
        public string Format => "uuid";

        public ValidationErrorKind ValidationErrorKind => ValidationErrorKind.UuidExpected;

        public bool IsValid(string value, JTokenType tokenType) => Guid.TryParse(value, out _);
    }

    private sealed record DocumentedOperation(
        string Method, Regex Path, IReadOnlyDictionary<string, OpenApiParameter> Parameters, OpenApiOperation Operation)
    {
        // A path segment that its parameter does not allow is a path that does not exist.
        public bool Is(string method, string path) =>
            method.Equals(Method, StringComparison.OrdinalIgnoreCase)
            && Path.Match(path) is { Success: true } match
            && Parameters.All(parameter => Validate(parameter.Value.Schema, Uri.UnescapeDataString(match.Groups[parameter.Key].Value)) is []);
    }
}
