using System.Text.Json;
using Deployments.Domain.Agents;
using Deployments.Domain.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Domain;

public sealed class SoftwareDeploymentRunTests
{
    private static readonly DateTimeOffset Created = new(2026, 5, 4, 3, 2, 1, TimeSpan.Zero);
    private static readonly DateTimeOffset Now = Created.AddMinutes(1);
    private static readonly Guid NewRunId = Guid.NewGuid();

    [Test]
    public void Run_of_a_new_deployment_has_its_id_and_nothing_to_store()
    {
        var deployment = Create();

        deployment.Run.ShouldBe(deployment.Id);
        (deployment.RunId, deployment.EndedRunDeadline).ShouldBe((null, null));
    }

    [TestCaseSource(nameof(ChangesThatStartARun))]
    public void Change_of_what_is_applied_starts_a_run(DeploymentStatus before, DeploymentChanges changes)
    {
        var deployment = Create(before);

        deployment.Change(changes, Now).ShouldBeTrue();

        (deployment.Run, deployment.RunId).ShouldBe((NewRunId, NewRunId));
    }

    [TestCaseSource(nameof(ChangesThatStartNoRun))]
    public void Change_of_anything_else_keeps_the_run(DeploymentStatus before, DeploymentChanges changes)
    {
        var deployment = Create(before);

        deployment.Change(changes, Now);

        (deployment.Run, deployment.RunId).ShouldBe((deployment.Id, null));
    }

    [Test]
    public void Expiry_keeps_the_run()
    {
        var deployment = Create(timeout: 60);

        deployment.Expire(Created.AddSeconds(60)).ShouldBeTrue();

        deployment.Run.ShouldBe(deployment.Id);
    }

    [Test]
    public void Deadline_of_a_run_is_that_of_the_deployment_in_progress()
    {
        var deployment = Create(timeout: 60);
        deployment.RunDeadline.ShouldBe(Created.AddSeconds(60));

        deployment.Change(Changes with { Timeout = 90 }, Now);

        (deployment.RunDeadline, deployment.EndedRunDeadline).ShouldBe((Now.AddSeconds(90), null));
    }

    [TestCaseSource(nameof(Ends))]
    public void Deadline_of_a_run_stays_when_it_ends(Action<SoftwareDeployment> end)
    {
        var deployment = Create(timeout: 60);

        end(deployment);

        deployment.Deadline.ShouldBeNull();
        (deployment.RunDeadline, deployment.EndedRunDeadline).ShouldBe((Created.AddSeconds(60), Created.AddSeconds(60)));
    }

    [TestCase(DeploymentStatus.Complete)]
    [TestCase(DeploymentStatus.Failed)]
    public void Deadline_of_a_run_stays_after_its_end(DeploymentStatus later)
    {
        var deployment = Create(timeout: 60);
        deployment.Change(Changes with { Status = DeploymentStatus.Failed }, Now);

        deployment.Change(Changes with { Status = later, StatusReason = "Checked", Timeout = 90 }, Now.AddMinutes(1)).ShouldBeTrue();

        deployment.RunDeadline.ShouldBe(Created.AddSeconds(60));
    }

    [TestCaseSource(nameof(ChangesOfAFinishedDeploymentThatStartARun))]
    public void New_run_of_a_finished_deployment_has_no_deadline_without_a_timeout(DeploymentChanges changes)
    {
        var deployment = Create(timeout: 60);
        deployment.Change(Changes with { Status = DeploymentStatus.Failed }, Now);

        deployment.Change(changes, Now.AddMinutes(1)).ShouldBeTrue();

        deployment.RunDeadline.ShouldBeNull();
    }

    [Test]
    public void New_run_with_a_timeout_has_a_deadline()
    {
        var deployment = Create(timeout: 60);
        deployment.Change(Changes with { Status = DeploymentStatus.Failed }, Now);

        deployment.Change(Changes with { Status = DeploymentStatus.InProgress, Timeout = 90 }, Now).ShouldBeTrue();

        (deployment.RunDeadline, deployment.EndedRunDeadline).ShouldBe((Now.AddSeconds(90), null));
    }

    [Test]
    public void New_run_of_a_deployment_in_progress_keeps_its_deadline()
    {
        var deployment = Create(timeout: 60);

        deployment.Change(Changes with { Action = "UPDATE" }, Now).ShouldBeTrue();

        deployment.RunDeadline.ShouldBe(Created.AddSeconds(60));
    }

    private static DeploymentChanges Changes => new() { NewRunId = NewRunId };

    private static IEnumerable<TestCaseData> ChangesThatStartARun =>
    [
        Case("config_id", DeploymentStatus.InProgress, Changes with { ConfigId = "other" }),
        Case("action", DeploymentStatus.InProgress, Changes with { Action = "UPDATE" }),
        Case("action to empty", DeploymentStatus.InProgress, Changes with { Action = "" }),
        Case("input_values", DeploymentStatus.InProgress, Changes with { InputValues = Json("""{"in":2}""") }),
        Case("input_values to other text", DeploymentStatus.InProgress, Changes with { InputValues = Json("""{"in":1.0}""") }),
        Case("input_values to empty", DeploymentStatus.InProgress, Changes with { InputValues = Json("{}") }),
        Case("config_id and the end", DeploymentStatus.InProgress, Changes with { ConfigId = "other", Status = DeploymentStatus.Complete }),
        Case("config_id of a complete one", DeploymentStatus.Complete, Changes with { ConfigId = "other" }),
        Case("action of a failed one", DeploymentStatus.Failed, Changes with { Action = "UPDATE" }),
        Case("COMPLETE to IN_PROGRESS", DeploymentStatus.Complete, Changes with { Status = DeploymentStatus.InProgress }),
        Case("FAILED to IN_PROGRESS", DeploymentStatus.Failed, Changes with { Status = DeploymentStatus.InProgress }),
    ];

    private static IEnumerable<TestCaseData> ChangesThatStartNoRun =>
    [
        Case("nothing", DeploymentStatus.InProgress, Changes),
        Case(
            "equal values",
            DeploymentStatus.InProgress,
            Changes with { ConfigId = "config", Action = "CREATE", InputValues = Json("""{ "in": 1 }"""), Status = DeploymentStatus.InProgress }),
        Case("status_reason", DeploymentStatus.InProgress, Changes with { StatusReason = "Halfway" }),
        Case("output_values", DeploymentStatus.InProgress, Changes with { OutputValues = Json("""{"out":1}""") }),
        Case("timeout", DeploymentStatus.InProgress, Changes with { Timeout = 60 }),
        Case("IN_PROGRESS to COMPLETE", DeploymentStatus.InProgress, Changes with { Status = DeploymentStatus.Complete }),
        Case("IN_PROGRESS to FAILED", DeploymentStatus.InProgress, Changes with { Status = DeploymentStatus.Failed }),
        Case("COMPLETE to FAILED", DeploymentStatus.Complete, Changes with { Status = DeploymentStatus.Failed }),
        Case("FAILED to COMPLETE", DeploymentStatus.Failed, Changes with { Status = DeploymentStatus.Complete }),
    ];

    private static IEnumerable<TestCaseData> ChangesOfAFinishedDeploymentThatStartARun =>
    [
        new TestCaseData(Changes with { Status = DeploymentStatus.InProgress }).SetArgDisplayNames("status"),
        new TestCaseData(Changes with { ConfigId = "other" }).SetArgDisplayNames("config_id"),
        new TestCaseData(Changes with { ConfigId = "other", Status = DeploymentStatus.InProgress }).SetArgDisplayNames("both"),
    ];

    private static IEnumerable<TestCaseData> Ends =>
    [
        End("COMPLETE", deployment => deployment.Change(Changes with { Status = DeploymentStatus.Complete }, Now)),
        End("FAILED", deployment => deployment.Change(Changes with { Status = DeploymentStatus.Failed, Timeout = 90 }, Now)),
        End("expiry", deployment => deployment.Expire(Created.AddSeconds(60))),
        End("signal", deployment => deployment.ApplySignal(deployment.Run, AgentReport.Read("{}"u8.ToArray(), text => text)!, [], Now)),
    ];

    private static TestCaseData Case(string name, DeploymentStatus before, DeploymentChanges changes) =>
        new TestCaseData(before, changes).SetArgDisplayNames(name);

    private static TestCaseData End(string name, Action<SoftwareDeployment> end) => new TestCaseData(end).SetArgDisplayNames(name);

    private static SoftwareDeployment Create(DeploymentStatus status = DeploymentStatus.InProgress, int? timeout = null) => new(
        Guid.NewGuid(), "project", "config", "server", Created, status, action: "CREATE", inputValues: Json("""{"in":1}"""), timeout: timeout);

    private static Dictionary<string, JsonElement> Json(string text) => JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(text)!;
}
