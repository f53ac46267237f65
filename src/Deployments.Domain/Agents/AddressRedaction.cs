using System.Buffers;
using System.Text;

namespace Deployments.Domain.Agents;

/// <summary>Removes the addresses of an agent from text: who may read a deployment may not act as its agent.</summary>
/// <param name="agentId">The agent. Its id is part of each of its addresses.</param>
/// <param name="macs">The macs of its addresses. They are removed without an address around them too.</param>
public sealed class AddressRedaction(Guid agentId, IReadOnlyCollection<string> macs)
{
    /// <summary>What a text has in place of an address.</summary>
    public const string Replacement = "[signal address]";

    private const string SchemeEnd = "://";
    private const string LettersAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    // An address may be in the middle of other text, such as a printed dictionary.
    private static readonly SearchValues<char> Delimiters = SearchValues.Create(" \t\r\n\v\f\"'`<>");
    private static readonly SearchValues<char> SchemeCharacters = SearchValues.Create($"{LettersAndDigits}+-.");
    private static readonly SearchValues<char> PathCharacters = SearchValues.Create($"{LettersAndDigits}-_%/");

    private readonly string agentId = agentId.ToString();

    /// <summary>The text with each address replaced, whatever its base.</summary>
    public string Apply(string text) => macs.Aggregate(
        ReplaceAddresses(text), (redacted, mac) => redacted.Replace(mac, Replacement, StringComparison.Ordinal));

    private string ReplaceAddresses(string text)
    {
        StringBuilder? redacted = null;
        var end = 0;
        while (text.IndexOf(agentId, end, StringComparison.OrdinalIgnoreCase) is >= 0 and var found)
        {
            redacted ??= new StringBuilder(text.Length);
            redacted.Append(text.AsSpan(end, StartOfAddress(text.AsSpan(end, found - end)))).Append(Replacement);
            var length = text.AsSpan(found).IndexOfAnyExcept(PathCharacters);
            end = length < 0 ? text.Length : found + length;
        }

        return redacted?.Append(text, end, text.Length - end).ToString() ?? text;
    }

    /// <summary>Where the address begins of which the text has everything before the agent's id.</summary>
    private static int StartOfAddress(ReadOnlySpan<char> text)
    {
        var start = text.LastIndexOfAny(Delimiters) + 1;
        var scheme = text[start..].LastIndexOf(SchemeEnd, StringComparison.Ordinal);
        return scheme < 0 ? start : start + text.Slice(start, scheme).LastIndexOfAnyExcept(SchemeCharacters) + 1;
    }
}
