using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Deployments.Api.Authentication.SignedAddress;

/// <summary>The keys of agents' addresses: the first signs, all verify. Without any there are no addresses.</summary>
internal sealed class AgentKeys(IReadOnlyList<byte[]> keys)
{
    public const int MinBytes = 32;

    /// <summary>The key in Development. It is not a secret: a service that is configured with it elsewhere refuses to start.</summary>
    public static readonly byte[] DevelopmentKey = Encoding.UTF8.GetBytes("deployments: the development key of agents, known to everybody");

    public bool IsEmpty => keys.Count == 0;

    /// <summary>Names the key that signs, and does not disclose it.</summary>
    public string SigningKeyName => Sign("name");

    /// <summary>The mac of the fields of an address.</summary>
    public string Sign(params string[] fields) => Sign(keys[0], fields);

    /// <summary>The same with each key.</summary>
    public IEnumerable<string> SignWithEach(params string[] fields) => keys.Select(key => Sign(key, fields));

    /// <summary>Whether a mac is that of the fields. Compared as text, in constant time: no other text is the same mac.</summary>
    public bool IsSignature(string mac, params string[] fields)
    {
        var given = Encoding.UTF8.GetBytes(mac);
        var isSignature = false;
        foreach (var expected in SignWithEach(fields))
        {
            isSignature |= CryptographicOperations.FixedTimeEquals(given, Encoding.ASCII.GetBytes(expected));
        }

        return isSignature;
    }

    // Each field after its length, so that no two lists of fields are the same text.
    private static string Sign(byte[] key, string[] fields)
    {
        var text = new byte[fields.Sum(field => sizeof(int) + Encoding.UTF8.GetByteCount(field))];
        var end = 0;
        foreach (var field in fields)
        {
            var length = Encoding.UTF8.GetBytes(field, text.AsSpan(end + sizeof(int)));
            BinaryPrimitives.WriteInt32BigEndian(text.AsSpan(end), length);
            end += sizeof(int) + length;
        }

        return Base64Url.EncodeToString(HMACSHA256.HashData(key, text));
    }
}
