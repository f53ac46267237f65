using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Deployments.Api.Hosting;
using Deployments.Application.Common;
using Deployments.Application.Retention;
using Microsoft.Extensions.Options;

namespace Deployments.Api.Commands;

/// <summary>Deletes old deployments and unused configurations once, as retention does all the time where it is set.</summary>
internal static class PruneCommand
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(5);

    public static Command Create(WebApplicationBuilder builder)
    {
        var olderThan = new Option<int>("--older-than")
        {
            HelpName = "DAYS",
            Description = "For how many days (90d) a deployment has not changed.",
            Required = true,
            CustomParser = result =>
            {
                if (result.Tokens.Single().Value is [.. var digits, 'd'] && Parse(digits, RetentionRules.MaxDays) is { } days)
                {
                    return days;
                }

                result.AddError($"--older-than must be a number of days from 1d to {RetentionRules.MaxDays}d.");
                return default;
            },
        };
        var perServer = new Option<int>("--retain-per-server")
        {
            HelpName = "N",
            Description = "How many of the newest deployments of each server and configuration name are kept, however old.",
            DefaultValueFactory = _ => 1,
            CustomParser = result =>
            {
                if (Parse(result.Tokens.Single().Value, RetentionRules.MaxPerServer) is { } number)
                {
                    return number;
                }

                result.AddError($"--retain-per-server must be an integer from 1 to {RetentionRules.MaxPerServer}.");
                return default;
            },
        };
        var unusedConfigs = new Option<bool>("--unused-configs")
        {
            Description = "Also the configurations that are older than that, and to which no deployment refers.",
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "Print how many there are, and delete nothing." };
        var yes = new Option<bool>("--yes") { Description = "Delete them. They cannot be restored, except from a backup." };
        var command = new Command(
            "prune",
            "Delete the deployments of all projects that are not in progress and have not changed for some days, as DELETE does. It takes its time, "
            + "so that callers of the service do not notice. Exit code 0: they are deleted, or counted; 1: not all are, for the reason on standard error.")
        {
            olderThan, perServer, unusedConfigs, dryRun, yes,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(dryRun) == result.GetValue(yes))
            {
                result.AddError("prune needs --dry-run or --yes, and not both.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var before = DateTimeOffset.UtcNow.AddDays(-parsed.GetRequiredValue(olderThan));
            var rules = new RetentionRules(before, parsed.GetRequiredValue(perServer), parsed.GetValue(unusedConfigs) ? before : null);
            return await PruneAsync(builder, rules, parsed.GetValue(dryRun), cancellationToken);
        });
        return command;
    }

    private static int? Parse(ReadOnlySpan<char> text, int max) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= max ? number : null;

    private static async Task<int> PruneAsync(WebApplicationBuilder builder, RetentionRules rules, bool isDryRun, CancellationToken cancellationToken)
    {
        await using var database = await DevelopmentDatabaseSetup.StartIfNeededAsync(builder);
        await using var app = builder.AddDeployments().Build();
        var verb = isDryRun ? "To be deleted" : "Deleted";
        var (last, printed) = (default(RetentionCount), Stopwatch.GetTimestamp());
        var schema = app.Services.GetRequiredService<IDatabaseSchema>();
        try
        {
            if (await schema.FindMissingAsync(cancellationToken) is { Count: > 0 } missing)
            {
                await Console.Error.WriteLineAsync(
                    $"{schema.Database} could not be pruned: its schema is not current. It lacks {string.Join(", ", missing)}: migrate it first.");
                return 1;
            }

            var sum = await app.Services.GetRequiredService<IRetention>().PruneAsync(rules, isDryRun, PrintProgress, cancellationToken);
            Console.WriteLine($"{verb}: {Describe(sum)}.");
            return 0;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync($"prune was terminated. {verb} until then: {Describe(last)}.");
            return 1;
        }
        catch (Exception failure) when (failure is not OptionsValidationException)
        {
            await Console.Error.WriteLineAsync(
                $"{schema.Database} could not be pruned: {await schema.ExplainAsync(failure)} {verb} until then: {Describe(last)}.");
            return 1;
        }

        void PrintProgress(RetentionCount sum)
        {
            last = sum;
            if (Stopwatch.GetElapsedTime(printed) > ProgressInterval)
            {
                Console.WriteLine($"{verb} so far: {Describe(sum)}.");
                printed = Stopwatch.GetTimestamp();
            }
        }
    }

    private static string Describe(RetentionCount count) =>
        string.Create(CultureInfo.InvariantCulture, $"{count.Deployments} deployments and {count.Configs} configurations");
}
