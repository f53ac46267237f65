using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Deployments.Client;

/// <summary>The operations of the service, one method each. Errors are thrown as <see cref="DeploymentsException{TResult}"/> of <see cref="Error"/>.</summary>
public partial class DeploymentsClient
{
    private const string IdempotencyKey = "Idempotency-Key";

    // Values of callers may be nested 64 levels deep, inside other objects.
    private const int MaxDepth = 72;

    private static readonly string[] UnsafePathSegments = ["", ".", ".."];

    static partial void UpdateJsonSerializerSettings(JsonSerializerOptions settings)
    {
        settings.MaxDepth = MaxDepth;
        settings.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        settings.Converters.Add(new TimeConverter());
    }

    // Once for each call, before all handlers, so that a handler that retries sends the same key, and nothing is created twice.
    [SuppressMessage("Performance", "CA1822", Justification = "The generated half declares it.")]
    partial void PrepareRequest(HttpClient client, HttpRequestMessage request, string url)
    {
        if (url.Split('?')[0].Split('/').Any(UnsafePathSegments.Contains))
        {
            throw new ArgumentException($"An id that is empty, '.' or '..' cannot be sent in a path: {url}");
        }

        foreach (var (header, values) in request.Headers.NonValidated)
        {
            if (values.Any(value => value.Any(character => character is < ' ' or > '~')))
            {
                throw new ArgumentException($"{header} may contain only printable ASCII characters, and no line break.");
            }
        }

        if (request.Method == HttpMethod.Post && !request.Headers.Contains(IdempotencyKey))
        {
            request.Headers.Add(IdempotencyKey, Guid.NewGuid().ToString());
        }
    }

    // A proxy's page may name a character set that .NET does not support; it is read as UTF-8.
    [SuppressMessage("Performance", "CA1822", Justification = "The generated half declares it.")]
    partial void ProcessResponse(HttpClient client, HttpResponseMessage response) => response.Content.Headers.ContentType = null;

    private async Task<ObjectResponseResult<T>> ReadObjectResponseAsync<T>(
        HttpResponseMessage response, IReadOnlyDictionary<string, IEnumerable<string>> headers, CancellationToken cancellationToken)
    {
        await response.Content.LoadIntoBufferAsync(cancellationToken).ConfigureAwait(false);
        T? body = default;
        JsonException? parseError = null;
        try
        {
            using var stream = await ReadAsStreamAsync(response.Content, cancellationToken).ConfigureAwait(false);
            body = await JsonSerializer.DeserializeAsync<T>(stream, JsonSerializerSettings, cancellationToken).ConfigureAwait(false);
        }
        catch (JsonException exception)
        {
            parseError = exception;
        }

        if (body is null)
        {
            var text = await ReadAsStringAsync(response.Content, cancellationToken).ConfigureAwait(false);
            throw new DeploymentsException($"The response is not a valid {typeof(T).Name}.", (int)response.StatusCode, text, headers, parseError);
        }

        ReadHeaders(body, response);
        return new(body, string.Empty);
    }

    private static void ReadHeaders(object body, HttpResponseMessage response)
    {
        var entityTag = response.Headers.ETag?.ToString();
        var isReplay = response.Headers.TryGetValues("Idempotent-Replayed", out var values) && values.Contains("true");
        switch (body)
        {
            case SoftwareDeploymentEnvelope deployment:
                deployment.EntityTag = entityTag;
                deployment.IsReplay = isReplay;
                break;
            case SoftwareDeploymentBatchEnvelope batch:
                batch.IsReplay = isReplay;
                break;
            case SoftwareConfigEnvelope config:
                config.EntityTag = entityTag;
                break;
        }
    }
}
