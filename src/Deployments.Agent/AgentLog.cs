namespace Deployments.Agent;

/// <summary>The log, on standard output.</summary>
internal static class AgentLog
{
    public static void Write(string text)
    {
        try
        {
            Console.WriteLine(LineOf(text));
        }
        catch (IOException)
        {
            // It may be a file on a full disk: an agent goes on without a log.
        }
    }

    /// <summary>A text on one line: names have any characters, and must not look like another line.</summary>
    public static string LineOf(string text) => string.Create(text.Length, text, (line, from) =>
    {
        for (var index = 0; index < line.Length; index++)
        {
            line[index] = char.IsControl(from[index]) ? ' ' : from[index];
        }
    });
}
