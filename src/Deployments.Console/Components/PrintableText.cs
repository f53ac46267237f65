using System.Text;

namespace Deployments.WebConsole.Components;

/// <summary>
/// Text of others, such that all of it can be seen: control characters and those that change the direction or the width of what follows are
/// shown as signs. The encoding for HTML is the renderer's.
/// </summary>
internal static class PrintableText
{
    private const char ControlPictures = '\u2400';
    private const char DeletePicture = '\u2421';
    private const char Delete = '\u007f';

    /// <summary>A text on one line.</summary>
    public static string Line(string? text) => Show(text ?? string.Empty, static _ => false);

    /// <summary>The beginning of a text, on one line.</summary>
    public static string Line(string? text, int longest) =>
        text is null || text.Length <= longest ? Line(text) : $"{Line(text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)])}…";

    /// <summary>A text with its line breaks and tabs.</summary>
    public static string Lines(string? text) => Show((text ?? string.Empty).ReplaceLineEndings("\n"), static character => character is '\n' or '\t');

    private static string Show(string text, Func<char, bool> keep)
    {
        var shown = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            _ = character switch
            {
                _ when keep(character) => shown.Append(character),
                < ' ' => shown.Append((char)(ControlPictures + character)),
                Delete => shown.Append(DeletePicture),
                _ when IsInvisible(character) => shown.Append($"⟨U+{(int)character:X4}⟩"),
                _ => shown.Append(character),
            };
        }

        return shown.ToString();
    }

    /// <summary>Whether the character is shown as its number.</summary>
    public static bool IsInvisible(char character) => character
        is (>= '\u0080' and <= '\u009f') // C1 controls
        or '\u00ad' or '\u061c' or '\u180e' or '\ufeff'
        or (>= '\u200b' and <= '\u200f') // zero width, marks of direction
        or (>= '\u2028' and <= '\u202e') // line and paragraph separators, embeddings and overrides of direction
        or (>= '\u2060' and <= '\u206f') // isolates, other invisible ones
        or (>= '\ufff9' and <= '\ufffb');
}
