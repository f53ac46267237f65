namespace Deployments.Application.Common;

/// <summary>Names and values of the caller in error messages: one may be as long as the body, and be part of many messages.</summary>
public static class ErrorText
{
    private const int MaxLength = 100;

    /// <summary>The first 100 characters of a name or value; never half of a surrogate pair.</summary>
    /// <param name="text">The name or value as it was sent.</param>
    public static string Truncate(this string text) =>
        text.Length <= MaxLength ? text : text[..(char.IsHighSurrogate(text[MaxLength - 1]) ? MaxLength - 1 : MaxLength)];
}
