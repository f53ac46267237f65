using Deployments.Api.Commands;
using Deployments.Api.Options;

try
{
    // The settings are next to the program, wherever it is started from.
    var command = CommandLine.Find(args);
    var builder = WebApplication.CreateBuilder(
        new WebApplicationOptions { Args = args[..^command.Length], ContentRootPath = AppContext.BaseDirectory });
    return await CommandLine.RunAsync(command, builder);
}
catch (Exception exception) when (InvalidConfigurationException.ReasonOf(exception) is { } reason)
{
    await Console.Error.WriteLineAsync(reason);
    return 1;
}
