using System.CommandLine;
using Deployments.Api.Hosting;
using Deployments.Application.Common;
using Microsoft.Extensions.Options;

namespace Deployments.Api.Commands;

/// <summary>Brings the database's schema up to date, or back to that of an earlier version, or prints the SQL that does so.</summary>
internal static class MigrateCommand
{
    public static Command Create(WebApplicationBuilder builder)
    {
        var script = new Option<bool>("--script") { Description = "Print SQL, which may be run more than once, and leave the database alone." };
        var from = CreateMigrationOption("--from", "With --script: the migration that the database has. Default: none.");
        var to = CreateMigrationOption(
            "--to", "The migration that the database is to have; those after it are reverted, and their data are lost. Default: the last.");
        var command = new Command(
            "migrate",
            "Apply the missing migrations to the database of ConnectionStrings:Deployments. Exit code 0: it has them; 1: it has not, for the reason on standard error; 2: there is no such migration.")
        {
            script, from, to,
        };
        command.Validators.Add(result =>
        {
            if (!result.GetValue(script) && result.GetResult(from) is not null)
            {
                result.AddError("--from needs --script.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) => parsed.GetValue(script)
            ? await PrintScriptAsync(builder, parsed.GetValue(from), parsed.GetValue(to))
            : await MigrateAsync(builder, parsed.GetValue(to), cancellationToken));
        return command;
    }

    private static Option<string?> CreateMigrationOption(string name, string description) =>
        new(name) { HelpName = "MIGRATION", Description = description };

    private static async Task<int> PrintScriptAsync(WebApplicationBuilder builder, string? from, string? to)
    {
        await using var app = builder.AddDeployments().Build();
        var schema = app.Services.GetRequiredService<IDatabaseSchema>();
        if (FindUnknown(schema, from, to) is { } error)
        {
            return CommandLine.Refuse(error);
        }

        Console.Write(schema.CreateScript(from, to));
        return 0;
    }

    private static string? FindUnknown(IDatabaseSchema schema, params IEnumerable<string?> names) =>
        names.FirstOrDefault(name => name is not null && !schema.Migrations.Contains(name)) is { } unknown
            ? $"migrate: {CommandLine.Quote(unknown)} is not one of the migrations {string.Join(", ", schema.Migrations)}."
            : null;

    private static async Task<int> MigrateAsync(WebApplicationBuilder builder, string? target, CancellationToken cancellationToken)
    {
        await using var database = await DevelopmentDatabaseSetup.StartIfNeededAsync(builder);
        await using var app = builder.AddDeployments().Build();
        var schema = app.Services.GetRequiredService<IDatabaseSchema>();
        if (FindUnknown(schema, target) is { } error)
        {
            return CommandLine.Refuse(error);
        }

        try
        {
            var applied = 0;
            await schema.MigrateAsync(
                target,
                migration =>
                {
                    applied++;
                    var isReverted = target is not null && string.CompareOrdinal(migration, target) > 0;
                    Console.WriteLine($"{(isReverted ? "Reverting" : "Applying")} {migration}.");
                },
                cancellationToken);
            var state = target is null || target == schema.Migrations[^1] ? "current" : $"that of {target}";
            Console.WriteLine(applied == 0 ? $"Nothing to do: the schema is {state}." : $"The schema is {state}.");
            return 0;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync($"The migration of the schema of {schema.Database} was cancelled.");
            return 1;
        }
        catch (Exception failure) when (failure is not OptionsValidationException)
        {
            await Console.Error.WriteLineAsync($"The schema of {schema.Database} could not be migrated: {await schema.ExplainAsync(failure)}");
            return 1;
        }
    }
}
