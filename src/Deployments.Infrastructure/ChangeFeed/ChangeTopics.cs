using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Deployments.Infrastructure.ChangeFeed;

/// <summary>
/// What a signal names: projects and deployments, each as a hash of a fixed length, so that a notification holds several hundred. Two
/// with the same hash are so rare that the check once a second suffices for them.
/// </summary>
internal static class ChangeTopics
{
    private const int TextLength = 11;

    // PostgreSQL allows less than 8,000 bytes.
    private const int MaxInPayload = 700;

    public static ulong OfProject(string projectId) => Hash(Encoding.UTF8.GetBytes(projectId));

    public static ulong OfDeployment(Guid id) => Hash(id.ToByteArray());

    /// <summary>The agent of a server.</summary>
    public static ulong OfAgent(string projectId, string serverId) => Hash(Encoding.UTF8.GetBytes($"{projectId}\0{serverId}"));

    /// <summary>Writes the sender and topics as the payloads of notifications.</summary>
    public static string[] Encode(ulong sender, IEnumerable<ulong> topics) =>
        [.. topics.Chunk(MaxInPayload).Select(chunk => string.Concat(chunk.Prepend(sender).Select(Encode)))];

    /// <summary>Reads the payload of a notification; what is malformed is left out.</summary>
    public static (ulong Sender, IReadOnlyList<ulong> Topics) Decode(string payload) =>
        DecodeAll(payload).ToList() is [var sender, .. var topics] ? (sender, topics) : (0, []);

    private static IEnumerable<ulong> DecodeAll(string payload)
    {
        for (var start = 0; start + TextLength <= payload.Length; start += TextLength)
        {
            var bytes = new byte[sizeof(ulong)];
            if (Base64Url.IsValid(payload.AsSpan(start, TextLength))
                && Base64Url.TryDecodeFromChars(payload.AsSpan(start, TextLength), bytes, out var length) && length == bytes.Length)
            {
                yield return BinaryPrimitives.ReadUInt64BigEndian(bytes);
            }
        }
    }

    private static string Encode(ulong topic)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, topic);
        return Base64Url.EncodeToString(bytes);
    }

    private static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }
}
