extern alias agent;

using System.Runtime.Versioning;
using agent::Deployments.Agent;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.AgentProgram;

public sealed class RunJournalTests
{
    private static readonly RunRecord Started = new(Guid.NewGuid(), "http://s/signals/1", "PUT", Body: null);

    private DirectoryInfo folder = null!;

    [SetUp]
    public void CreateFolder() => folder = Directory.CreateTempSubdirectory();

    [TearDown]
    public void DeleteFolder() => folder.Delete(recursive: true);

    [Test]
    public void Journal_that_is_opened_again_has_what_was_started_and_what_came_of_it()
    {
        var ended = Started with { Id = Guid.NewGuid(), Body = "{}" };
        var completed = Started with { Id = Guid.NewGuid() };
        using (var journal = RunJournal.Open(folder.FullName))
        {
            journal.Start(Started);
            journal.Start(ended with { Body = null });
            journal.End(ended);
            journal.Start(completed);
            journal.Complete(completed.Id);
        }

        using var next = RunJournal.Open(folder.FullName);
        next.ReadPending(ShouldNotLog).ShouldBe([Started, ended], ignoreOrder: true);
        next.Contains(Started.Id).ShouldBeTrue();
        next.Contains(ended.Id).ShouldBeTrue();
        next.Contains(completed.Id).ShouldBeTrue();
        next.Contains(Guid.NewGuid()).ShouldBeFalse();
    }

    [Test]
    public void Run_whose_record_was_left_beside_its_completion_is_complete()
    {
        using (var journal = RunJournal.Open(folder.FullName))
        {
            journal.Start(Started);
            var record = Directory.GetFiles(Path.Combine(folder.FullName, "pending")).Single();
            var text = File.ReadAllText(record);
            journal.Complete(Started.Id);
            File.WriteAllText(record, text);
        }

        using var next = RunJournal.Open(folder.FullName);
        next.ReadPending(ShouldNotLog).ShouldBeEmpty();
        next.Contains(Started.Id).ShouldBeTrue();
    }

    [Test]
    public void Record_that_was_not_written_to_its_end_is_ignored_and_the_run_can_start()
    {
        using var journal = RunJournal.Open(folder.FullName);
        File.WriteAllText(Path.Combine(folder.FullName, "pending", $"{Started.Id}.json.new"), "{");

        journal.ReadPending(ShouldNotLog).ShouldBeEmpty();
        journal.Contains(Started.Id).ShouldBeFalse();
        journal.Start(Started);
        journal.ReadPending(ShouldNotLog).ShouldBe([Started]);
    }

    [Test]
    public void Record_that_cannot_be_read_is_logged_and_its_run_does_not_start()
    {
        using var journal = RunJournal.Open(folder.FullName);
        File.WriteAllText(Path.Combine(folder.FullName, "pending", $"{Started.Id}.json"), "{");
        var log = new List<string>();

        journal.ReadPending(log.Add).ShouldBeEmpty();

        log.ShouldHaveSingleItem().ShouldContain("its record");
        journal.Contains(Started.Id).ShouldBeTrue();
    }

    [Test]
    public void Folder_that_another_journal_uses_cannot_be_opened()
    {
        using var journal = RunJournal.Open(folder.FullName);

        Should.Throw<StartException>(() => RunJournal.Open(folder.FullName)).Message.ShouldStartWith("Another agent uses the state folder");
    }

    [UnsupportedOSPlatform("windows")]
    [TestCase(UnixFileMode.GroupWrite)]
    [TestCase(UnixFileMode.OtherWrite)]
    public void Folder_that_others_can_write_cannot_be_opened_and_stays_as_it_is(UnixFileMode access)
    {
        var mode = folder.UnixFileMode | access;
        folder.UnixFileMode = mode;

        Should.Throw<StartException>(() => RunJournal.Open(folder.FullName)).Message.ShouldContain("cannot be used: Only its owner");

        File.GetUnixFileMode(folder.FullName).ShouldBe(mode);
        folder.EnumerateFileSystemInfos().ShouldBeEmpty();
    }

    private static void ShouldNotLog(string line) => Assert.Fail(line);
}
