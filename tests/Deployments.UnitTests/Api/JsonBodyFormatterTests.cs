using System.Text.Json;
using Deployments.Api.Hosting;
using Deployments.Api.Json;
using Deployments.Application.SoftwareDeployments;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Formatters;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

public sealed class JsonBodyFormatterTests
{
    [Test]
    public async Task Read_allocates_memory_for_received_bytes_and_not_for_the_content_length()
    {
        const int announced = 16 * 1024 * 1024;
        var body = new MeasuringStream("""{"config_id": "c", "server_id": "s"}"""u8.ToArray());
        var context = new DefaultHttpContext();
        context.Request.ContentType = "application/json";
        context.Request.ContentLength = announced;
        context.Request.Body = body;

        var large = new RequestBodyMemory(announced);

        await new JsonBodyFormatter(JsonSerializerOptions.Web, announced, announced, large).ReadAsync(new InputFormatterContext(
            context,
            modelName: string.Empty,
            new ModelStateDictionary(),
            new EmptyModelMetadataProvider().GetMetadataForType(typeof(NewDeployment)),
            (stream, encoding) => new StreamReader(stream, encoding)));

        body.LargestBuffer.ShouldBeInRange(1, 128 * 1024);
    }

    /// <summary>Records the largest buffer that it is read into.</summary>
    private sealed class MeasuringStream(byte[] bytes) : MemoryStream(bytes)
    {
        public int LargestBuffer { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            LargestBuffer = Math.Max(LargestBuffer, buffer.Length);
            return base.ReadAsync(buffer, cancellationToken);
        }
    }
}
