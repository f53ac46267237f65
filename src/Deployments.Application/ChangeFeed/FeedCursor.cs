using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Deployments.Application.Common.Errors;
using FluentValidation;

namespace Deployments.Application.ChangeFeed;

/// <summary>The rules of cursors, for the validators of requests.</summary>
internal static class FeedCursorRules
{
    /// <summary>Null, <see cref="ReadChangeFeedQuery.Now"/>, or a cursor of the project's feed.</summary>
    /// <param name="rule">The rule of the property.</param>
    /// <param name="projectId">The project of the request.</param>
    /// <param name="name">The name to report, if it is not that of the property.</param>
    public static void IsFeedCursor<T>(this IRuleBuilder<T, string?> rule, Func<T, string> projectId, string? name = null) =>
        rule.Custom((after, context) =>
        {
            if (after is not (null or ReadChangeFeedQuery.Now) && FeedCursor.TryDecode(after, projectId(context.InstanceToValidate), out _) is { } error)
            {
                var field = name ?? context.PropertyPath;
                context.AddFailure(field, $"{field} {error}");
            }
        });
}

/// <summary>Where a reader of a project's feed has come to. On the wire it is opaque text.</summary>
/// <param name="Epoch">The life of the database that the position belongs to.</param>
/// <param name="Position">The last event that was examined, whether or not the reader's filter let it through.</param>
/// <param name="Floor">The newest event of the project that had been purged when the reading began.</param>
internal readonly record struct FeedCursor(int Epoch, FeedPosition Position, FeedPosition Floor)
{
    private const byte Format = 1;
    private const int PositionLength = 8 + 16 + 4;
    private const int ProjectOffset = 1 + 4;
    private const int ProjectLength = 8;
    private const int PositionOffset = ProjectOffset + ProjectLength;
    private const int ChecksumOffset = PositionOffset + (2 * PositionLength);
    private const int ChecksumLength = 4;
    private const int Length = ChecksumOffset + ChecksumLength;

    /// <summary>Writes the cursor for a project; it cannot be used in another.</summary>
    public string Encode(string projectId)
    {
        Span<byte> bytes = stackalloc byte[Length];
        bytes[0] = Format;
        BinaryPrimitives.WriteInt32BigEndian(bytes[1..], Epoch);
        Hash(Encoding.UTF8.GetBytes(projectId), bytes.Slice(ProjectOffset, ProjectLength));
        Write(Position, bytes[PositionOffset..]);
        Write(Floor, bytes[(PositionOffset + PositionLength)..]);
        Hash(bytes[..ChecksumOffset], bytes[ChecksumOffset..]);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Reads a cursor of the project.</summary>
    /// <returns>What is wrong with it: it is malformed, truncated, or of another project; null if it can be read.</returns>
    public static string? TryDecode(string text, string projectId, out FeedCursor cursor)
    {
        cursor = default;
        Span<byte> bytes = stackalloc byte[Length];
        if (text.Length != Base64Url.GetEncodedLength(Length)
            || !TryDecode(text, bytes)
            || bytes[0] != Format
            || !HasHash(bytes[..ChecksumOffset], bytes[ChecksumOffset..]))
        {
            return "must be a \"next\" of this feed, as it was sent, or \"now\".";
        }

        if (!HasHash(Encoding.UTF8.GetBytes(projectId), bytes.Slice(ProjectOffset, ProjectLength)))
        {
            return "is a cursor of another project.";
        }

        cursor = new FeedCursor(
            BinaryPrimitives.ReadInt32BigEndian(bytes[1..]), Read(bytes[PositionOffset..]), Read(bytes[(PositionOffset + PositionLength)..]));
        return null;
    }

    /// <summary>Reads a cursor that was validated.</summary>
    /// <returns>Null for none: the beginning of the feed.</returns>
    public static FeedCursor? Decode(string? text, string projectId) =>
        text is not null && TryDecode(text, projectId, out var cursor) is null ? cursor : null;

    /// <summary>Checks that reading from here skips nothing.</summary>
    /// <param name="state">The state of the feed.</param>
    /// <param name="isDescending">Whether the reading goes back in time: it needs none of the events that come after the cursor.</param>
    /// <exception cref="GoneException">It is of another life of the database, or events after it were purged.</exception>
    public void EnsureUsable(FeedState state, bool isDescending = false)
    {
        if (Epoch != state.Epoch)
        {
            throw Gone("The database was restored, or another server has taken over, since this cursor was made.");
        }

        if (!isDescending && state.Floor > Position && state.Floor > Floor)
        {
            throw Gone("Events after this cursor have been purged.");
        }

        // An event that was never lost exists, unless it was purged, and then it is not above the floor.
        if (Position > state.Floor && !state.PositionExists)
        {
            throw Gone("The event of this cursor no longer exists.");
        }
    }

    private static GoneException Gone(string reason) =>
        new($"{reason} Begin anew: request after=now, list the deployments, and continue from that \"next\".");

    // Decoding ignores white space and the last bits: only the text that was sent is a cursor.
    private static bool TryDecode(string text, Span<byte> bytes) =>
        Base64Url.IsValid(text) && Base64Url.TryDecodeFromChars(text, bytes, out var length) && length == Length && Base64Url.EncodeToString(bytes) == text;

    private static bool HasHash(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> expected)
    {
        Span<byte> hash = stackalloc byte[expected.Length];
        Hash(bytes, hash);
        return hash.SequenceEqual(expected);
    }

    private static void Hash(ReadOnlySpan<byte> bytes, Span<byte> destination)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        hash[..destination.Length].CopyTo(destination);
    }

    private static void Write(FeedPosition position, Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, position.Transaction);
        position.DeploymentId.TryWriteBytes(bytes[8..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt32BigEndian(bytes[24..], position.Version);
    }

    private static FeedPosition Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64BigEndian(bytes), new Guid(bytes.Slice(8, 16), bigEndian: true), BinaryPrimitives.ReadInt32BigEndian(bytes[24..]));
}
