using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Deployments.Client;

/// <summary>The operations of the service, one method each. Errors are thrown as <see cref="DeploymentsException{TResult}"/> of <see cref="Error"/>.</summary>
public partial class DeploymentsClient
{
    private const string IdempotencyKey = "Idempotency-Key";

    // Values that callers choose may be 64 levels deep, and stand inside others.
    private const int MaxDepth = 72;

    static partial void UpdateJsonSerializerSettings(JsonSerializerOptions settings)
    {
        settings.MaxDepth = MaxDepth;
        settings.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
    }

    // Once for each call, above all handlers, so that one which tries again sends the same key, and nothing is created twice.
    [SuppressMessage("Performance", "CA1822", Justification = "The generated half declares it.")]
    partial void PrepareRequest(HttpClient client, HttpRequestMessage request, string url)
    {
        if (request.Method == HttpMethod.Post && !request.Headers.Contains(IdempotencyKey))
        {
            request.Headers.Add(IdempotencyKey, Guid.NewGuid().ToString());
        }
    }
}
