using System.Text;
using System.Text.Json;

namespace Deployments.Agent;

/// <summary>Cuts a text in the middle: the beginning and the end say most.</summary>
internal static class TextCut
{
    // Of a character that JSON has as an escape: two for a surrogate pair.
    private const int EscapeSize = 6;
    private const int ShortEscapeSize = 2;

    private static readonly int MarkSize = SizeOf(OutputCapture.CutMark.EnumerateRunes());

    /// <param name="value">Any JSON; what is not a string is cut as text.</param>
    /// <param name="maxBytes">How long it may be as a JSON string, without its quotes.</param>
    public static JsonElement Cut(JsonElement value, int maxBytes)
    {
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        var half = Math.Max(0, maxBytes - MarkSize) / 2;
        var head = 0;
        for (var size = 0; head < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(head), out var rune, out var length);
            if ((size += SizeOf(rune)) > half)
            {
                break;
            }

            head += length;
        }

        var tail = text.Length;
        for (var size = 0; tail > head;)
        {
            Rune.DecodeLastFromUtf16(text.AsSpan(head, tail - head), out var rune, out var length);
            if ((size += SizeOf(rune)) > half)
            {
                break;
            }

            tail -= length;
        }

        return JsonText.Of(tail == head ? text : $"{text.AsSpan(0, head)}{OutputCapture.CutMark}{text.AsSpan(tail)}");
    }

    private static int SizeOf(StringRuneEnumerator runes)
    {
        var size = 0;
        foreach (var rune in runes)
        {
            size += SizeOf(rune);
        }

        return size;
    }

    private static int SizeOf(Rune rune) => !JsonText.Encoder.WillEncode(rune.Value) ? rune.Utf8SequenceLength
        : rune.Value is '\n' or '\r' or '\t' or '"' or '\\' ? ShortEscapeSize
        : rune.Utf16SequenceLength * EscapeSize;
}
