namespace Deployments.Domain.Common;

/// <summary>
/// The one form of a UUID: 36 characters, hexadecimal digits with four hyphens. .NET's parser takes others too, such as braces, white
/// space and signs.
/// </summary>
public static class CanonicalUuid
{
    /// <summary>What <see cref="Parse"/> takes, as a regular expression of PostgreSQL.</summary>
    public const string Pattern = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";

    /// <summary>Whether the text is a UUID in lower or upper case: an address may have either.</summary>
    public static bool IsInAnyCase(string text) =>
        text.All(character => char.IsAsciiHexDigit(character) || character == '-') && Guid.TryParseExact(text, "D", out _);

    /// <summary>The UUID, or null. Lower case only: a stored text that names a configuration is compared as text.</summary>
    public static Guid? Parse(string text) => Guid.TryParseExact(text, "D", out var id) && id.ToString() == text ? id : null;
}
