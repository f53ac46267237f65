namespace Deployments.WebConsole.Components;

/// <summary>The end of a text, as much of it as a page may spend bytes on.</summary>
internal static class TextEnd
{
    private const int EncodedAscii = 6; // &quot;
    private const int EncodedOther = 8; // &#x20AC;
    private const int EncodedLineBreak = 5; // &#xA;
    private const int EncodedSign = 27; // ⟨U+200B⟩, three of whose characters are encoded themselves

    /// <param name="text">The text.</param>
    /// <param name="maxBytes">How many bytes it may have at most, encoded for HTML.</param>
    public static string Of(string text, int maxBytes)
    {
        var (start, bytes) = (text.Length, 0);
        while (start > 0 && (bytes += Cost(text[start - 1])) <= maxBytes)
        {
            start--;
        }

        // Not from the middle of a surrogate pair.
        return start > 0 && start < text.Length && char.IsLowSurrogate(text[start]) ? text[(start + 1)..] : text[start..];
    }

    private static int Cost(char character) => character switch
    {
        '<' or '>' or '&' or '"' or '\'' or '+' => EncodedAscii,
        _ when PrintableText.IsInvisible(character) => EncodedSign,
        >= '\u0080' => EncodedOther,
        '\n' or '\t' => EncodedLineBreak,
        < ' ' => EncodedOther, // shown as signs
        _ => 1,
    };
}
