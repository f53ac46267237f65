using System.Globalization;
using Deployments.Api.Authentication.KeySources;
using Deployments.Api.OpenApi;

namespace Deployments.Api.Commands;

/// <summary>The commands of the program; without a command it runs the service.</summary>
internal static class CommandLine
{
    private const string Usage =
        """
        Usage:
          (no command)                                     serve
          token --project NAME [--role ROLE] [--hours N]   print a token signed with the development key; --role may be repeated
          openapi                                          print the OpenAPI document
          healthcheck                                      exit with 0 if the service on this machine is ready
        """;

    private const int DefaultHours = 8;

    /// <summary>
    /// The command and its arguments; empty when the program is to run the service. Settings (<c>--environment Production</c> or
    /// <c>--environment=Production</c>) may come before it.
    /// </summary>
    public static string[] Find(string[] args) => args switch
    {
        ["--help" or "-h", ..] => args,
        [['-', '-', ..] setting, .. var rest] when setting.Contains('=', StringComparison.Ordinal) => Find(rest),
        [['-', '-', ..], _, .. var rest] => Find(rest),
        [['-', ..], ..] or [] => [],
        _ => args,
    };

    public static async Task<int> RunAsync(string[] command, WebApplicationBuilder builder)
    {
        switch (command)
        {
            case ["token", .. var options]:
                return PrintToken(builder.Environment, options);
            case ["openapi"]:
                await using (var app = builder.AddDeployments().Build())
                {
                    Console.WriteLine(await OpenApiSetup.WriteAsync(app.Services));
                }

                return 0;
            case ["healthcheck"]:
                return await HealthCheckCommand.RunAsync(builder.Configuration);
            case ["help" or "--help" or "-h", ..]:
                Console.WriteLine(Usage);
                return 0;
            default:
                return Refuse($"{string.Join(' ', command)} was not understood.{Environment.NewLine}{Usage}");
        }
    }

    private static int PrintToken(IHostEnvironment environment, string[] args)
    {
        string? project = null;
        var roles = new List<string>();
        var hours = DefaultHours;
        for (var i = 0; i < args.Length; i += 2)
        {
            switch (args[i..Math.Min(i + 2, args.Length)])
            {
                case ["--project", { Length: > 0 } name]:
                    project = name;
                    break;
                case ["--role", { Length: > 0 } role]:
                    roles.Add(role);
                    break;
                case ["--hours", var number] when int.TryParse(number, CultureInfo.InvariantCulture, out hours) && hours > 0:
                    break;
                default:
                    return Refuse($"token: {string.Join(' ', args[i..])} was not understood.{Environment.NewLine}{Usage}");
            }
        }

        if (project is null)
        {
            return Refuse($"token: --project is required.{Environment.NewLine}{Usage}");
        }

        if (!environment.IsDevelopment())
        {
            return Refuse("token: the development key is for Development only (--environment Development token …). Elsewhere get a token from the identity service.");
        }

        Console.WriteLine(DevelopmentKey.CreateToken(project, roles is [] ? ["member"] : roles, TimeSpan.FromHours(hours)));
        return 0;
    }

    public static int Refuse(string reason)
    {
        Console.Error.WriteLine(reason);
        return 2;
    }
}
