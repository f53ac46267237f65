using System.CommandLine;
using System.Globalization;

namespace Deployments.Api.Commands;

/// <summary>The commands of the program; without a command it runs the service.</summary>
internal static class CommandLine
{
    private const int UsageError = 2;
    private const int MaxQuotedCharacters = 64;
    private static readonly string[] Names = ["help", "token", "migrate", "healthcheck", "openapi", "version", "watch", "prune"];

    /// <summary>
    /// The command and its arguments; empty when the program is to run the service. Settings (<c>--environment Production</c> or
    /// <c>--environment=Production</c>) may come before it. A setting that would take the name of a command for its value is returned with it,
    /// and so is not understood.
    /// </summary>
    public static string[] Find(string[] args) => args switch
    {
        ["--help" or "-h" or "-?" or "--version", ..] => args,
        [['-', '-', ..] setting, .. var rest] when setting.Contains('=', StringComparison.Ordinal) => Find(rest),
        ["--", ..] => args,
        [['-', '-', ..], var value, ..] when Names.Contains(value) => args,
        [['-', '-', ..], _, .. var rest] => Find(rest),
        [] or [['-', '-', ..]] => [],
        _ => args,
    };

    public static async Task<int> RunAsync(string[] command, WebApplicationBuilder builder)
    {
        var program = ServeCommand.Create(builder);
        program.Add(TokenCommand.Create(builder.Environment));
        program.Add(MigrateCommand.Create(builder));
        program.Add(HealthCheckCommand.Create(builder));
        program.Add(OpenApiCommand.Create(builder));
        program.Add(VersionCommand.Create());
        program.Add(WatchCommand.Create(builder));
        program.Add(PruneCommand.Create(builder));
        var parsed = program.Parse(
            command is ["help"] ? ["--help"] : command, new ParserConfiguration { ResponseFileTokenReplacer = null }); // @ is part of a name
        if (parsed.Errors.Count == 0)
        {
            // The host itself handles the signals that end the service.
            return command is []
                ? await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null })
                : await InvokeAsync(parsed);
        }

        // The library quotes the arguments too.
        using var usage = new StringWriter();
        await parsed.InvokeAsync(new InvocationConfiguration { Output = usage, Error = usage });
        await Console.Error.WriteLineAsync($"{string.Join(' ', command.Select(Quote))} was not understood.");
        await Console.Error.WriteAsync(command.OrderByDescending(argument => argument.Length).Where(argument => Quote(argument) != argument)
            .Aggregate(usage.ToString(), (text, argument) => text.Replace(argument, Quote(argument), StringComparison.Ordinal)));
        return UsageError;
    }

    /// <summary>An argument as it is reported: without the value of a setting, which may be a secret, short, and without control characters.</summary>
    public static string Quote(string argument)
    {
        var name = argument.Split('=', 2)[0];
        return Escape(name.Length > MaxQuotedCharacters ? $"{name[..MaxQuotedCharacters]}…" : name);
    }

    /// <summary>A text without characters that control a terminal.</summary>
    public static string Escape(string text) => string.Concat(text.Select(character =>
        char.IsControl(character) || char.GetUnicodeCategory(character) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            ? $"\\u{(int)character:x4}"
            : $"{character}"));

    /// <summary>Reports why a command that was understood is refused.</summary>
    /// <returns>The exit code.</returns>
    public static int Refuse(string reason)
    {
        Console.Error.WriteLine(reason);
        return UsageError;
    }

    private static async Task<int> InvokeAsync(ParseResult parsed)
    {
        try
        {
            // A command that is terminated ends by itself: whoever cannot wait kills it.
            return await parsed.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = Timeout.InfiniteTimeSpan });
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException) // the latter if it is closed
        {
            await Console.Error.WriteLineAsync($"Standard output cannot be written. {exception.Message}");
            return 1;
        }
    }
}
