using System.CommandLine;

namespace Deployments.Api.Commands;

/// <summary>The commands of the program; without a command it runs the service.</summary>
internal static class CommandLine
{
    private const int UsageError = 2;

    /// <summary>
    /// The command and its arguments; empty when the program is to run the service. Settings (<c>--environment Production</c> or
    /// <c>--environment=Production</c>) may come before it.
    /// </summary>
    public static string[] Find(string[] args) => args switch
    {
        ["--help" or "-h" or "-?" or "--version", ..] => args,
        [['-', '-', ..] setting, .. var rest] when setting.Contains('=', StringComparison.Ordinal) => Find(rest),
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
        var parsed = program.Parse(
            command is ["help"] ? ["--help"] : command, new ParserConfiguration { ResponseFileTokenReplacer = null }); // @ is part of a name
        if (parsed.Errors.Count == 0)
        {
            // The host itself handles the signals that end the service, and any other command may end at once.
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }

        await Console.Error.WriteLineAsync($"{string.Join(' ', command)} was not understood.");
        await parsed.InvokeAsync(new InvocationConfiguration { Output = Console.Error });
        return UsageError;
    }

    /// <summary>Reports why a command that was understood is refused.</summary>
    /// <returns>The exit code.</returns>
    public static int Refuse(string reason)
    {
        Console.Error.WriteLine(reason);
        return UsageError;
    }
}
