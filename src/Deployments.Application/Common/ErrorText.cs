namespace Deployments.Application.Common;

/// <summary>The caller's own words, as errors repeat them: a name or a value may be as long as the body, and stand in many messages.</summary>
public static class ErrorText
{
    private const int MaxLength = 100;

    /// <summary>As much of a name or a value as a message shows, cut between characters.</summary>
    /// <param name="text">The name or value as it was sent.</param>
    public static string Truncate(this string text) =>
        text.Length <= MaxLength ? text : text[..(char.IsHighSurrogate(text[MaxLength - 1]) ? MaxLength - 1 : MaxLength)];
}
