using System.Net.Http.Headers;
using System.Text;

namespace Deployments.TestSupport;

/// <summary>Makes requests as they are given: no header is added or validated.</summary>
internal static class Requests
{
    public const string Json = "application/json";

    public static HttpRequestMessage Make(HttpMethod method, string path, params (string Name, string Value)[] headers) =>
        Make(method, new Uri(path, UriKind.RelativeOrAbsolute), headers);

    public static HttpRequestMessage Make(HttpMethod method, Uri address, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, address);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    /// <summary>An object nested to a number of levels.</summary>
    public static string Nested(int levels) =>
        $"{string.Concat(Enumerable.Repeat("""{"a":""", levels - 1))}{{}}{new string('}', levels - 1)}";

    public static HttpContent Body(string json) => Body(Encoding.UTF8.GetBytes(json), Json);

    public static HttpContent Body(byte[] bytes, string? contentType)
    {
        var content = new ByteArrayContent(bytes);
        if (contentType is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        return content;
    }

    /// <summary>A body sent in chunks, without a Content-Length.</summary>
    public static HttpContent Chunked(byte[] bytes)
    {
        var content = new ChunkedContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue(Json);
        return content;
    }

    private sealed class ChunkedContent(byte[] bytes) : HttpContent
    {
        private const int ChunkBytes = 8192;

        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context)
        {
            foreach (var chunk in bytes.Chunk(ChunkBytes))
            {
                await stream.WriteAsync(chunk);
                await stream.FlushAsync();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
