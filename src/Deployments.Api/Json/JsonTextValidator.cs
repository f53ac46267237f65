using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Domain.Common;

namespace Deployments.Api.Json;

/// <summary>
/// Checks the contract's rules for JSON text beyond its grammar, anywhere in the body and in ignored fields too: valid UTF-8, no duplicate
/// member, no NUL, no lone surrogate, no value nested too deep.
/// </summary>
internal static class JsonTextValidator
{
    private const string Body = "body";
    private const int MaxFound = 1_000; // many of them may be of the same field
    private const int MaxPathLength = 500; // errors at longer paths are reported for an enclosing field

    private static readonly JsonReaderOptions AnyDepth = new() { MaxDepth = int.MaxValue };

    /// <param name="text">The body.</param>
    /// <param name="depthOfValues">The depth of the values whose nesting is limited.</param>
    /// <exception cref="InvalidRequestException">Names each invalid field; for malformed JSON, the position of the error.</exception>
    public static void Check(ReadOnlySpan<byte> text, int depthOfValues)
    {
        if (!Utf8.IsValid(text))
        {
            throw new InvalidRequestException(Body, "The body is not valid UTF-8.");
        }

        var levels = new Stack<Container>();
        var errors = new ErrorList();
        var reader = new Utf8JsonReader(text, AnyDepth);
        try
        {
            while (reader.Read() && errors.Count < InvalidRequestException.MaxErrors && errors.Found < MaxFound)
            {
                Visit(ref reader, depthOfValues, levels, errors);
            }
        }
        catch (JsonException exception)
        {
            throw new InvalidRequestException(
                Body,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The body is not valid JSON: line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}."));
        }

        if (errors.Count > 0)
        {
            throw new InvalidRequestException(errors.Select(error => (error.Key, error.Value)));
        }
    }

    private static void Visit(ref Utf8JsonReader reader, int depthOfValues, Stack<Container> levels, ErrorList errors)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                levels.Pop();
                return;

            case JsonTokenType.PropertyName:
                VisitName(ref reader, levels, errors);
                return;
        }

        if (levels.TryPeek(out var level))
        {
            level.Index++;
        }

        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject or JsonTokenType.StartArray:
                if (levels.Count >= JsonText.MaxValueDepth + depthOfValues)
                {
                    var field = PathOf(levels.TakeLast(depthOfValues));
                    throw new InvalidRequestException(field, $"{field} is nested more than {JsonText.MaxValueDepth} levels deep.");
                }

                levels.Push(new Container(reader.TokenType == JsonTokenType.StartObject));
                return;

            case JsonTokenType.String when reader.ValueIsEscaped && FindInvalidEscape(reader.ValueSpan) is { } fault:
                Add(errors, PathOf(levels), fault);
                return;
        }
    }

    private static void VisitName(ref Utf8JsonReader reader, Stack<Container> levels, ErrorList errors)
    {
        var level = levels.Peek();
        if (reader.ValueIsEscaped && FindInvalidEscape(reader.ValueSpan) is { } fault)
        {
            // Such a name cannot be printed: report its parent.
            level.Name = null;
            Add(errors, PathOf(levels), $"has a member whose name {fault}");
            return;
        }

        level.Name = reader.GetString()!;
        if (!level.Names!.Add(level.Name))
        {
            Add(errors, PathOf(levels), "may not appear more than once.");
        }
    }

    private static void Add(ErrorList errors, string field, string fault)
    {
        errors.Found++;
        errors.TryAdd(field, $"{(field == Body ? "The body" : field)} {fault}");
    }

    /// <summary>The error in an escaped string, given without its quotes; null if there is none.</summary>
    private static string? FindInvalidEscape(ReadOnlySpan<byte> escaped)
    {
        var highSurrogate = false;
        for (var i = 0; i < escaped.Length; i++)
        {
            var unit = -1;
            if (escaped[i] == '\\')
            {
                i++;
                if (escaped[i] == 'u')
                {
                    unit = int.Parse(escaped.Slice(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                    i += 4;
                }
            }

            var lowSurrogate = unit is >= 0xDC00 and <= 0xDFFF;
            if (highSurrogate != lowSurrogate)
            {
                return "holds half of a surrogate pair.";
            }

            if (unit == 0)
            {
                return "holds a NUL character.";
            }

            highSurrogate = unit is >= 0xD800 and <= 0xDBFF;
        }

        return highSurrogate ? "holds half of a surrogate pair." : null;
    }

    private static string PathOf(IEnumerable<Container> innermostFirst)
    {
        var path = new StringBuilder();
        foreach (var level in innermostFirst.Reverse().TakeWhile(_ => path.Length < MaxPathLength))
        {
            if (level.Names is null)
            {
                path.Append(CultureInfo.InvariantCulture, $"[{level.Index}]");
            }
            else if (level.Name is { } name)
            {
                path.Append(path.Length == 0 ? string.Empty : ".").Append(name.Truncate());
            }
        }

        return path.Length == 0 ? Body : path.ToString();
    }

    /// <summary>The first error of each field, and the number of all errors.</summary>
    private sealed class ErrorList : Dictionary<string, string>
    {
        public int Found { get; set; }
    }

    private sealed class Container(bool isObject)
    {
        /// <summary>The members seen so far; null in a list.</summary>
        public HashSet<string>? Names { get; } = isObject ? new(StringComparer.Ordinal) : null;

        public string? Name { get; set; }

        public int Index { get; set; } = -1;
    }
}
