using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The command that deletes old deployments.</summary>
public sealed class PruneTests
{
    private const int Age = 40;

    [Test]
    public async Task Dry_run_prints_how_many_there_are_and_yes_deletes_them()
    {
        await using var database = await AgedDatabase.StartAsync();
        var project = new Project(database.Service);
        for (var n = 0; n < 4; n++)
        {
            await RetentionTests.CreateAsync(project, "COMPLETE");
        }

        await project.CreateConfigAsync("{}");
        await database.AgeAsync(Age);
        await RetentionTests.CreateAsync(project, "COMPLETE", "another server");
        await AgedDatabase.WaitUntilFeedIsCompleteAsync();
        var before = (await project.ReadFeedAsync()).Text;

        (await PruneAsync("--dry-run")).ShouldBe("To be deleted: 3 deployments and 0 configurations.");
        (await PruneAsync("--dry-run", "--retain-per-server", "3")).ShouldBe("To be deleted: 1 deployments and 0 configurations.");
        (await PruneAsync("--dry-run", "--unused-configs")).ShouldBe("To be deleted: 3 deployments and 1 configurations.");
        (await project.ReadFeedAsync()).Text.ShouldBe(before);
        (await project.ListAsync()).Ids.Count.ShouldBe(5);
        (await PruneAsync("--yes", "--retain-per-server", "3")).ShouldBe("Deleted: 1 deployments and 0 configurations.");
        (await PruneAsync("--yes")).ShouldBe("Deleted: 2 deployments and 0 configurations.");
        (await project.ListAsync()).Ids.Count.ShouldBe(2);
        (await project.ListConfigsAsync()).Ids.Count.ShouldBe(1);
        (await PruneAsync("--yes", "--unused-configs")).ShouldBe("Deleted: 0 deployments and 1 configurations.");
        (await project.ListConfigsAsync()).Ids.ShouldBeEmpty();
        await AgedDatabase.WaitUntilFeedIsCompleteAsync();
        (await project.ReadFeedAsync()).Items.Count(entry => entry.GetProperty("actor").GetString() == "retention").ShouldBe(3);

        async Task<string> PruneAsync(params string[] options)
        {
            var ended = await ServiceProcess.RunAsync(SettingsFor(database), ["prune", "--older-than", "30d", .. options]);
            ended.ExitCode.ShouldBe(0, ended.Error);
            return ended.Output.TrimEnd().Split('\n')[^1]; // after progress, where the machine is slow
        }
    }

    [TestCase("--older-than 30d", "prune needs --dry-run or --yes, and not both.")]
    [TestCase("--older-than 30d --dry-run --yes", "prune needs --dry-run or --yes, and not both.")]
    [TestCase("--yes", "--older-than")]
    [TestCase("--older-than 30 --yes", "--older-than must be a number of days from 1d to 3650d.")]
    [TestCase("--older-than d --yes", "--older-than must be a number of days from 1d to 3650d.")]
    [TestCase("--older-than 0d --yes", "--older-than must be a number of days from 1d to 3650d.")]
    [TestCase("--older-than -1d --yes", "--older-than must be a number of days from 1d to 3650d.")]
    [TestCase("--older-than 3651d --yes", "--older-than must be a number of days from 1d to 3650d.")]
    [TestCase("--older-than 30d --yes --retain-per-server 0", "--retain-per-server must be an integer from 1 to 1000.")]
    public async Task Invalid_options_print_an_error_and_exit_with_2(string options, string reason)
    {
        var ended = await ServiceProcess.RunAsync(new Dictionary<string, string>(), ["prune", .. options.Split(' ')]);

        ended.ExitCode.ShouldBe(2);
        ended.Output.ShouldBeEmpty();
        ended.Error.ShouldContain(reason);
    }

    [TestCase("Host=127.0.0.1;Port=1;Database=d;Username=u;Password=unsaid", "d on 127.0.0.1:1 as u could not be pruned: ")]
    [TestCase("", "ConnectionStrings:Deployments is required")]
    public async Task Without_a_usable_database_it_prints_one_line_and_exits_with_1(string connectionString, string reason)
    {
        // Without patience: it would try for a minute.
        var ended = await ServiceProcess.RunAsync(
            new Dictionary<string, string> { ["ConnectionStrings:Deployments"] = connectionString }, "prune", "--older-than", "30d", "--yes");

        ended.ExitCode.ShouldBe(1);
        ended.Output.ShouldBeEmpty();
        ended.Error.TrimEnd().Split('\n').ShouldHaveSingleItem().ShouldStartWith(reason);
        ended.Error.ShouldNotContain("unsaid");
    }

    [TestCase("--yes")]
    [TestCase("--dry-run")]
    public async Task On_a_database_without_a_schema_it_says_so_and_exits_with_1(string mode)
    {
        var settings = new Dictionary<string, string>(PatientService.Settings) { ["ConnectionStrings:Deployments"] = await TestRun.Server.CreateDatabaseAsync() };

        var ended = await ServiceProcess.RunAsync(settings, "prune", "--older-than", "30d", mode);

        ended.ExitCode.ShouldBe(1);
        ended.Error.ShouldContain("could not be pruned: its schema is not current. It lacks ");
    }

    internal static Dictionary<string, string> SettingsFor(AgedDatabase database) =>
        new(PatientService.Settings) { ["ConnectionStrings:Deployments"] = database.ConnectionString };
}
