namespace Deployments.Domain.Common;

/// <summary>Counts characters, and checks text against its maximum length.</summary>
public static class CharacterLimits
{
    /// <summary>Whether the text has at most this many characters, counted in Unicode code points as JSON Schema and PostgreSQL count them.</summary>
    public static bool HasAtMost(this string text, int characters) =>
        text.Length <= characters || (text.Length <= 2 * characters && text.EnumerateRunes().Count() <= characters);

    /// <summary>The text, or as many of its first characters.</summary>
    internal static string CutTo(this string text, int characters) => text.HasAtMost(characters)
        ? text
        : text[..text.EnumerateRunes().Take(characters).Sum(rune => rune.Utf16SequenceLength)];

    internal static string Required(string? text, int maxCharacters, string field) =>
        string.IsNullOrWhiteSpace(text)
            ? throw new ArgumentException($"{field} is required.", field)
            : Optional(text, maxCharacters, field)!;

    internal static string? Optional(string? text, int maxCharacters, string field) =>
        text is null || text.HasAtMost(maxCharacters)
            ? text
            : throw new ArgumentException($"{field} has more than {maxCharacters} characters.", field);
}
