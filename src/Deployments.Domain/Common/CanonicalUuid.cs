namespace Deployments.Domain.Common;

/// <summary>
/// The only accepted form of a UUID: 36 characters, hexadecimal digits with four hyphens. .NET's parser also accepts others, such as
/// braces, white space and signs.
/// </summary>
public static class CanonicalUuid
{
    /// <summary>The form that <see cref="Parse"/> accepts, as a PostgreSQL regular expression.</summary>
    public const string Pattern = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";

    /// <summary>Whether the text is a UUID in lower or upper case; a URL may have either.</summary>
    public static bool IsInAnyCase(string text) =>
        text.All(character => char.IsAsciiHexDigit(character) || character == '-') && Guid.TryParseExact(text, "D", out _);

    /// <summary>The UUID, or null. Lower case only: stored configuration ids are compared as text.</summary>
    public static Guid? Parse(string text) => Guid.TryParseExact(text, "D", out var id) && id.ToString() == text ? id : null;
}
