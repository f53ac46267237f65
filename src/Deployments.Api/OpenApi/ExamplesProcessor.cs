using System.Globalization;
using System.Text.Json;
using Deployments.Api.Errors;
using Deployments.Api.Json;
using Newtonsoft.Json.Linq;
using NSwag;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;

namespace Deployments.Api.OpenApi;

/// <summary>
/// Adds examples to the request and to each response of an operation. Those of errors are made as the service makes them, with the reasons
/// of examples.json or, where that has none, the reason that each status has by default.
/// </summary>
internal sealed class ExamplesProcessor : IOperationProcessor
{
    private const string Json = "application/json";
    private const string RequestId = "req-0b2a6e3c-6a5a-4a0e-9f43-2f3b2a1c9d10";
    private const string Project = "demo"; // of the token that Development prints

    private static readonly JObject All = Read();
    private static readonly JsonSerializerOptions Policy = CreatePolicy();

    public bool Process(OperationProcessorContext context)
    {
        var operation = context.OperationDescription.Operation;
        var example = All[operation.OperationId];
        foreach (var parameter in operation.ActualParameters.Where(parameter => parameter.Name == "project_id"))
        {
            parameter.Example = Project;
        }

        if (example?["request"] is { } request)
        {
            operation.RequestBody.Content[Json].Example = request;
        }

        if (example?["response"] is { } response)
        {
            operation.Responses["200"].Content[Json].Example = response;
        }

        foreach (var (code, error) in operation.Responses)
        {
            if (int.Parse(code, CultureInfo.InvariantCulture) is >= StatusCodes.Status400BadRequest and var status)
            {
                AddErrorExample(error, status, example?["errors"]?[code]);
            }
        }

        return true;
    }

    private static void AddErrorExample(OpenApiResponse error, int status, JToken? reason)
    {
        var fields = (reason as JObject)?.Properties().ToDictionary(field => field.Name, field => new[] { field.Value.Value<string>()! });
        var detail = fields?.Values.Single().Single() ?? reason?.Value<string>();
        var body = ErrorWriter.CreateBody(status, detail, fields, RequestId);
        error.Content[Json].Example = JToken.Parse(JsonSerializer.Serialize(body, Policy));
    }

    private static JsonSerializerOptions CreatePolicy()
    {
        var options = new JsonSerializerOptions();
        JsonOptionsSetup.Apply(options, TimeFormat.Utc);
        return options;
    }

    private static JObject Read()
    {
        using var stream = typeof(ExamplesProcessor).Assembly.GetManifestResourceStream(typeof(ExamplesProcessor), "examples.json")!;
        using var text = new StreamReader(stream);
        using var reader = new Newtonsoft.Json.JsonTextReader(text) { DateParseHandling = Newtonsoft.Json.DateParseHandling.None };
        return JObject.Load(reader);
    }
}
