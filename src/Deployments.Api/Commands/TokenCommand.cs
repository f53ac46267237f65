using System.CommandLine;
using System.Globalization;
using Deployments.Api.Authentication.KeySources;
using Deployments.Api.Authorization;
using Deployments.Domain.Common;

namespace Deployments.Api.Commands;

/// <summary>Prints a token that is signed with the development key.</summary>
internal static class TokenCommand
{
    private const int DefaultHours = 8;
    private const int MaxHours = 366 * 24;

    public static Command Create(IHostEnvironment environment)
    {
        var project = CreateProjectOption("The project that the token is for");
        var role = new Option<string[]>("--role")
        {
            HelpName = "ROLE",
            Description = $"{string.Join(", ", ProjectAuthorizationHandler.Roles)}; may be repeated.",
            DefaultValueFactory = _ => [ProjectAuthorizationHandler.Member],
        };
        role.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => !ProjectAuthorizationHandler.Roles.Contains(token.Value)))
            {
                result.AddError($"--role {token.Value} is not one of {string.Join(", ", ProjectAuthorizationHandler.Roles)}.");
            }
        });

        var hours = new Option<int>("--hours")
        {
            HelpName = "N",
            Description = $"How long the token is valid, at most {MaxHours}.",
            DefaultValueFactory = _ => DefaultHours,
            CustomParser = result =>
            {
                if (int.TryParse(result.Tokens.Single().Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= MaxHours)
                {
                    return number;
                }

                result.AddError($"--hours must be an integer from 1 to {MaxHours}.");
                return default;
            },
        };

        var command = new Command("token", "Print a token that is signed with the development key; only a service in Development accepts it.")
        {
            project, role, hours,
        };
        command.SetAction(parsed =>
        {
            if (!environment.IsDevelopment())
            {
                return CommandLine.Refuse("token: the development key is for Development only (--environment Development token …). Elsewhere get a token from the identity service.");
            }

            Console.WriteLine(DevelopmentKey.CreateToken(
                parsed.GetRequiredValue(project), parsed.GetRequiredValue(role), TimeSpan.FromHours(parsed.GetRequiredValue(hours))));
            return 0;
        });
        return command;
    }

    /// <summary>The option that names a project.</summary>
    /// <param name="description">What the project is for.</param>
    public static Option<string> CreateProjectOption(string description)
    {
        var project = new Option<string>("--project")
        {
            HelpName = "NAME",
            Description = $"{description}: not blank, at most {ProjectId.MaxLength} characters.",
            Required = true,
        };
        project.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var name }] && !ProjectId.IsValid(name))
            {
                result.AddError($"--project must not be blank, and have at most {ProjectId.MaxLength} characters.");
            }
        });
        return project;
    }
}
