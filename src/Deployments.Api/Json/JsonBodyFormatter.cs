using System.Buffers;
using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using Deployments.Api.Contracts;
using Deployments.Api.Errors;
using Deployments.Api.Hosting;
using Deployments.Application.Common.Errors;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Mvc.Formatters;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Deployments.Api.Json;

/// <summary>
/// Reads every body. In the contract's order: media type (415), size (413), then the text itself (400), with messages that
/// name the field at fault.
/// </summary>
internal sealed class JsonBodyFormatter(JsonSerializerOptions options, int maxBodyBytes, int maxBatchBytes, RequestBodyMemory large) : IInputFormatter
{
    private const string Body = "body";
    private const int SmallestBuffer = 1024;
    private const int MaxPreallocatedBytes = 64 * 1024; // cap on memory allocated from Content-Length alone
    private const int MaxDrainBytes = 16 * 1024 * 1024;

    private static readonly JsonBodyAttribute Default = new();

    private readonly ConcurrentDictionary<Type, JsonBodyAttribute> shapes = [];

    private static ReadOnlySpan<byte> ByteOrderMark => "\uFEFF"u8;

    public bool CanRead(InputFormatterContext context) => true;

    public async Task<InputFormatterResult> ReadAsync(InputFormatterContext context)
    {
        var request = context.HttpContext.Request;
        var shape = shapes.GetOrAdd(context.ModelType, static type => type.GetCustomAttribute<JsonBodyAttribute>() ?? Default);
        var isSignal = context.ModelType == typeof(SignalBody); // of any media type: its use case reads it
        var maxBytes = shape.MaxBytes > 0 ? shape.MaxBytes : shape.IsBatch ? maxBatchBytes : maxBodyBytes;
        var expected = Math.Min(Math.Min((request.ContentLength ?? 0) + 1, maxBytes + 1L), MaxPreallocatedBytes);
        var pooled = ArrayPool<byte>.Shared.Rent((int)Math.Max(expected, SmallestBuffer));
        var buffer = pooled; // until it is too small; large ones are not pooled, as the pool would keep them
        try
        {
            var length = await ReadAsync(request, buffer);
            if (length > 0 && !isSignal && !IsUtf8Json(request))
            {
                throw new HttpErrorException(StatusCodes.Status415UnsupportedMediaType);
            }

            if (request.ContentLength > maxBytes)
            {
                await RefuseSizeAsync(request, buffer, maxBytes);
            }

            for (int read = length; read > 0; length += read)
            {
                if (length > maxBytes)
                {
                    await RefuseSizeAsync(request, buffer, maxBytes);
                }

                if (length == buffer.Length)
                {
                    var larger = (int)Math.Min(buffer.Length * 2L, Math.Max(request.ContentLength ?? maxBytes, length) + 1);
                    if (larger > MaxPreallocatedBytes)
                    {
                        large.Reserve(context.HttpContext, larger - Math.Max(length, MaxPreallocatedBytes));
                    }

                    Array.Resize(ref buffer, larger);
                }

                read = await ReadAsync(request, buffer.AsMemory(length));
            }

            if (length > MaxPreallocatedBytes)
            {
                await large.EnterAsync(context.HttpContext, length);
            }

            if (isSignal)
            {
                // Only the pooled buffer is used again.
                return InputFormatterResult.Success(
                    new SignalBody(buffer == pooled ? buffer.AsSpan(0, length).ToArray() : buffer.AsMemory(0, length)));
            }

            return InputFormatterResult.Success(Parse(buffer.AsSpan(0, length), context.ModelType, shape));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(pooled);
        }
    }

    // Malformed chunked encoding: Kestrel reports it in two ways, the second for sizes that overflow.
    private static async ValueTask<int> ReadAsync(HttpRequest request, Memory<byte> buffer)
    {
        try
        {
            return await request.Body.ReadAsync(buffer, request.HttpContext.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            request.HttpContext.MarkBodyReadTimeout();
            throw;
        }
        catch (ConnectionResetException)
        {
            throw new InvalidRequestException(Body, "The connection was closed before the end of the body.");
        }
        catch (IOException exception) when (
            exception is BadHttpRequestException { StatusCode: StatusCodes.Status400BadRequest } or { InnerException: OverflowException })
        {
            throw new InvalidRequestException(Body, "The body does not match its Content-Length, or its chunked encoding is malformed.");
        }
    }

    private static bool IsUtf8Json(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
        && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
        && (!type.Charset.HasValue || IsUtf8(HeaderUtilities.RemoveQuotes(type.Charset)))
        && request.Headers.ContentEncoding.All(encoding => "identity".Equals(encoding, StringComparison.OrdinalIgnoreCase));

    // "utf8" is not a registered name, but some clients send it.
    private static bool IsUtf8(StringSegment charset) =>
        charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) || charset.Equals("utf8", StringComparison.OrdinalIgnoreCase);

    // A client that is still sending would not read the response: drain its body, up to a limit.
    private static async Task RefuseSizeAsync(HttpRequest request, byte[] buffer, int maxBytes)
    {
        var drained = 0;
        int read;
        while (drained < MaxDrainBytes && (read = await ReadAsync(request, buffer)) > 0)
        {
            drained += read;
        }

        throw new HttpErrorException(StatusCodes.Status413PayloadTooLarge, $"The body is larger than {maxBytes} bytes.");
    }

    private object Parse(ReadOnlySpan<byte> text, Type type, JsonBodyAttribute shape)
    {
        if (text.StartsWith(ByteOrderMark))
        {
            text = text[ByteOrderMark.Length..];
        }

        if (text.Trim(" \t\r\n"u8).IsEmpty)
        {
            throw new InvalidRequestException(Body, "A body is required: a JSON object.");
        }

        JsonTextValidator.Check(text, shape.DepthOfValues);
        return JsonBodyReader.Read(text, type, options);
    }
}
