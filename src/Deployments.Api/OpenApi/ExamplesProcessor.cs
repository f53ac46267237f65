using Newtonsoft.Json.Linq;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;

namespace Deployments.Api.OpenApi;

/// <summary>Adds the examples of examples.json to the request and response of each operation.</summary>
internal sealed class ExamplesProcessor : IOperationProcessor
{
    private static readonly JObject All = Read();

    public bool Process(OperationProcessorContext context)
    {
        var operation = context.OperationDescription.Operation;
        if (All[operation.OperationId] is not { } example)
        {
            return true;
        }

        if (example["request"] is { } request)
        {
            operation.RequestBody.Content["application/json"].Example = request;
        }

        operation.Responses["200"].Content["application/json"].Example = example["response"];
        return true;
    }

    private static JObject Read()
    {
        using var stream = typeof(ExamplesProcessor).Assembly.GetManifestResourceStream(typeof(ExamplesProcessor), "examples.json")!;
        using var text = new StreamReader(stream);
        using var reader = new Newtonsoft.Json.JsonTextReader(text) { DateParseHandling = Newtonsoft.Json.DateParseHandling.None };
        return JObject.Load(reader);
    }
}
