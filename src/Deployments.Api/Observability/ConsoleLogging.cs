using Deployments.Api.Options;
using ZLogger;

namespace Deployments.Api.Observability;

/// <summary>The log on standard output: JSON for programs, or lines for people.</summary>
internal static class ConsoleLogging
{
    private const string Format = "Logging:Console:FormatterName";

    /// <exception cref="InvalidConfigurationException">There is no such format, or no such level.</exception>
    public static void AddConsoleLogging(this WebApplicationBuilder builder)
    {
        ValidateLevels(builder.Configuration);
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

    // Logging itself fails on an unknown level only when it writes its first line, and takes a number or a list for a level.
    private static void ValidateLevels(IConfiguration configuration)
    {
        foreach (var (name, level) in configuration.GetSection("Logging").AsEnumerable())
        {
            if (name.Contains(":LogLevel:", StringComparison.OrdinalIgnoreCase) && !string.IsNullOrEmpty(level) && !Enum.GetNames<LogLevel>().Contains(level.Trim(), StringComparer.OrdinalIgnoreCase))
            {
                throw new InvalidConfigurationException($"{name} is {level}, and must be one of {string.Join(", ", Enum.GetNames<LogLevel>())}.");
            }
        }
    }

    // https://no-color.org
    private static bool HasColours() => !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
}
