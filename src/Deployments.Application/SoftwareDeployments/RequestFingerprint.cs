using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;

namespace Deployments.Application.SoftwareDeployments;

/// <summary>
/// The hash by which two requests with the same idempotency key are compared. It is stored and compared by instances of different
/// versions: names, order and escaping are part of the format, so they are written out here instead of derived from members.
/// Null is omitted, so that a field of a later version does not change the hash of a request without it.
/// </summary>
internal static class RequestFingerprint
{
    public static byte[] Of(NewDeployment deployment) => Hash(writer => Write(writer, deployment));

    public static byte[] Of(IReadOnlyList<NewDeployment?> deployments) => Hash(writer =>
    {
        writer.WriteStartArray();
        foreach (var deployment in deployments)
        {
            Write(writer, deployment!);
        }

        writer.WriteEndArray();
    });

    private static byte[] Hash(Action<Utf8JsonWriter> write)
    {
        var text = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(text))
        {
            write(writer);
        }

        return SHA256.HashData(text.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter writer, NewDeployment deployment)
    {
        writer.WriteStartObject();
        WriteText(writer, "ConfigId", deployment.ConfigId);
        WriteText(writer, "ServerId", deployment.ServerId);
        WriteText(writer, "Action", deployment.Action);
        if (deployment.InputValues is { } values)
        {
            writer.WriteStartObject("InputValues");
            foreach (var (name, value) in values)
            {
                writer.WritePropertyName(name);
                value.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        WriteText(writer, "Status", deployment.Status);
        WriteText(writer, "StatusReason", deployment.StatusReason);
        WriteText(writer, "StackUserProjectId", deployment.StackUserProjectId);
        if (deployment.Timeout is { } seconds)
        {
            writer.WriteNumber("Timeout", seconds);
        }

        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? text)
    {
        if (text is not null)
        {
            writer.WriteString(name, text);
        }
    }
}
