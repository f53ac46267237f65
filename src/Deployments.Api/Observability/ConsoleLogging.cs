using Deployments.Api.Options;
using ZLogger;

namespace Deployments.Api.Observability;

/// <summary>The log on standard output: JSON for programs, or lines for people.</summary>
internal static class ConsoleLogging
{
    private const string Format = "Logging:Console:FormatterName";

    /// <exception cref="InvalidConfigurationException">There is no such format.</exception>
    public static void AddConsoleLogging(this WebApplicationBuilder builder)
    {
        IZLoggerFormatter formatter = IsForPeople(builder.Configuration) ? new DevelopmentLogFormatter(HasColours()) : new JsonLogFormatter();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<ILoggerProvider>(_ => new ConsoleLog(Console.OpenStandardOutput(), formatter));
    }

    public static bool IsForPeople(IConfiguration configuration) => configuration[Format]?.ToLowerInvariant() switch
    {
        "json" => false,
        "simple" => true,
        _ => throw new InvalidConfigurationException($"{Format} must be json or simple."),
    };

    // https://no-color.org
    private static bool HasColours() => !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
}
