using System.Text;
using System.Text.Json;
using Deployments.Domain.Agents;
using Deployments.Domain.SoftwareConfigs;
using Deployments.Domain.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Domain;

/// <summary>The rules of a signal, in the order in which the contract lists them.</summary>
public sealed class SoftwareDeploymentSignalTests
{
    private const string HookOutputs = "\"deploy_stdout\":null,\"deploy_stderr\":null,\"deploy_status_code\":null";

    private static readonly DateTimeOffset Created = new(2026, 5, 4, 3, 2, 1, TimeSpan.Zero);
    private static readonly DateTimeOffset Now = Created.AddMinutes(1).AddTicks(7);
    private static readonly ConfigOutput[] Declared =
    [
        new("result"),
        new("err", errorOutput: true),
        new("second"),
        new("warning", errorOutput: true),
    ];

    [Test]
    public void Signal_of_the_run_in_progress_ends_it()
    {
        var deployment = Create(timeout: 60);

        Signal(deployment, "{}").ShouldBe(SignalOutcome.Applied);

        (deployment.Status, deployment.StatusReason).ShouldBe((DeploymentStatus.Complete, "Outputs received"));
        (deployment.Version, deployment.UpdatedTime).ShouldBe((2, Created.AddMinutes(1)));
        (deployment.Timeout, deployment.Deadline).ShouldBe((null, null));
    }

    [TestCase(DeploymentStatus.Complete)]
    [TestCase(DeploymentStatus.Failed)]
    public void Signal_of_a_deployment_that_is_not_in_progress_is_ignored(DeploymentStatus status)
    {
        var deployment = Create();
        deployment.Change(new DeploymentChanges { Status = status, NewRunId = Guid.NewGuid() }, Created);

        ShouldChangeNothing(deployment, deployment.Run, SignalOutcome.Ignored);
    }

    [Test]
    public void Signal_of_another_run_is_ignored() => ShouldChangeNothing(Create(), Guid.NewGuid(), SignalOutcome.Ignored);

    [Test]
    public void Signal_of_the_run_before_is_ignored()
    {
        var deployment = Create();
        deployment.Change(new DeploymentChanges { Action = "UPDATE", NewRunId = Guid.NewGuid() }, Created);

        ShouldChangeNothing(deployment, deployment.Id, SignalOutcome.Ignored);
    }

    [Test]
    public void Signal_that_is_repeated_is_ignored()
    {
        var deployment = Create(timeout: 60);
        Signal(deployment, """{"deploy_status_code":1}""");

        ShouldChangeNothing(deployment, deployment.Run, SignalOutcome.Ignored);
    }

    [Test]
    public void Signal_of_a_new_run_that_nobody_set_in_progress_is_ignored()
    {
        var deployment = Create();
        Signal(deployment, "{}");
        deployment.Change(new DeploymentChanges { Action = "UPDATE", NewRunId = Guid.NewGuid() }, Now);

        ShouldChangeNothing(deployment, deployment.Run, SignalOutcome.Ignored);
    }

    [Test]
    public void Signal_after_the_deadline_has_failed_the_run_is_too_late()
    {
        var deployment = Create(timeout: 60);
        deployment.Expire(Created.AddSeconds(60));

        ShouldChangeNothing(deployment, deployment.Run, SignalOutcome.TooLate);
    }

    [Test]
    public void Signal_of_the_run_before_the_one_that_the_deadline_has_failed_is_ignored()
    {
        var deployment = Create(timeout: 60);
        deployment.Expire(Created.AddSeconds(60));

        ShouldChangeNothing(deployment, Guid.NewGuid(), SignalOutcome.Ignored);
    }

    [Test]
    public void Signal_after_the_deadline_that_has_failed_nothing_yet_is_applied()
    {
        var deployment = Create(timeout: 1);

        Signal(deployment, "{}").ShouldBe(SignalOutcome.Applied);
    }

    [TestCase("0")]
    [TestCase("0.0")]
    [TestCase("-0")]
    [TestCase("0e9")]
    [TestCase("\"0\"")]
    [TestCase("\"\"")]
    [TestCase("false")]
    [TestCase("null")]
    public void Status_code_of_success_completes(string statusCode)
    {
        var deployment = Create();

        Signal(deployment, $$"""{"deploy_status_code":{{statusCode}}}""");

        (deployment.Status, deployment.StatusReason).ShouldBe((DeploymentStatus.Complete, "Outputs received"));
    }

    [TestCase("1", "1")]
    [TestCase("-1", "-1")]
    [TestCase("0.5", "0.5")]
    [TestCase("10e-1", "10e-1")]
    [TestCase("1e400", "1e400")]
    [TestCase("\"1\"", "1")]
    [TestCase("\"00\"", "00")]
    [TestCase("\" \"", " ")]
    [TestCase("true", "true")]
    [TestCase("[]", "[]")]
    [TestCase("""{"a": 0}""", """{"a":0}""")]
    public void Status_code_of_failure_fails(string statusCode, string shown)
    {
        var deployment = Create();

        Signal(deployment, $$"""{"deploy_status_code":{{statusCode}}}""");

        (deployment.Status, deployment.StatusReason).ShouldBe(
            (DeploymentStatus.Failed, $"deploy_status_code : Deployment exited with non-zero status code: {shown}"));
    }

    [TestCase("\"bad\"", "err : bad")]
    [TestCase("\"\"", "err : ")]
    [TestCase("null", "err : null")]
    [TestCase("false", "err : false")]
    [TestCase("0", "err : 0")]
    [TestCase("[1.0]", "err : [1.0]")]
    public void Error_output_fails_by_its_presence(string value, string reason)
    {
        var deployment = Create();

        Signal(deployment, $$"""{"deploy_status_code":0,"err":{{value}}}""");

        (deployment.Status, deployment.StatusReason).ShouldBe((DeploymentStatus.Failed, reason));
    }

    [Test]
    public void Failures_are_joined_status_code_first_and_then_in_the_order_of_the_configuration()
    {
        var deployment = Create();

        Signal(deployment, """{"warning":"hot","err":"bad","result":"r","deploy_status_code":2}""");

        deployment.StatusReason.ShouldBe(
            "deploy_status_code : Deployment exited with non-zero status code: 2, err : bad, warning : hot");
    }

    [TestCase(16_378, 16_378)]
    [TestCase(16_379, 16_378)]
    public void Reason_is_cut_at_its_maximum_length_in_characters(int length, int kept)
    {
        var deployment = Create();
        string Faces(int count) => string.Concat(Enumerable.Repeat("😀", count));

        Signal(deployment, $$"""{"err":"{{Faces(length)}}"}""");

        deployment.StatusReason.ShouldBe($"err : {Faces(kept)}");
    }

    [TestCase("{}", $"{{{HookOutputs}}}", TestName = "Outputs_of_nothing_are_those_of_a_hook")]
    [TestCase("""{"second":2,"result":"r"}""", $$"""{"result":"r","second":2,{{HookOutputs}}}""", TestName = "Outputs_declared_are_stored_in_their_order")]
    [TestCase("""{"result":null}""", $$"""{"result":null,{{HookOutputs}}}""", TestName = "Outputs_declared_are_stored_if_null")]
    [TestCase("""{"err":"bad"}""", $$"""{"err":"bad",{{HookOutputs}}}""", TestName = "Outputs_of_errors_are_stored")]
    [TestCase("""{"Result":1,"status":"FAILED","id":"x"}""", $"{{{HookOutputs}}}", TestName = "Outputs_not_declared_are_dropped")]
    [TestCase(
        """{"deploy_status_code":0,"deploy_stderr":"warn\n","deploy_stdout":"hello\n"}""",
        """{"deploy_stdout":"hello\n","deploy_stderr":"warn\n","deploy_status_code":0}""",
        TestName = "Outputs_of_a_hook_are_stored")]
    [TestCase("""{"result":{"b":1.0,"a":[1e400]}}""", $$"""{"result":{"b":1.0,"a":[1e400]},{{HookOutputs}}}""", TestName = "Outputs_are_stored_as_sent")]
    public void Signal_stores_declared_outputs_and_those_of_a_hook(string body, string stored)
    {
        var deployment = Create();

        Signal(deployment, body);

        JsonSerializer.Serialize(deployment.OutputValues).ShouldBe(stored);
    }

    [Test]
    public void Outputs_of_an_earlier_run_stay_where_nothing_replaces_them()
    {
        var deployment = Create();
        var before = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>("""{"result":1,"old":2,"deploy_stdout":"3"}""")!;
        deployment.Change(new DeploymentChanges { OutputValues = before, NewRunId = Guid.NewGuid() }, Created);

        Signal(deployment, """{"result":4}""");

        JsonSerializer.Serialize(deployment.OutputValues)
            .ShouldBe("""{"result":4,"old":2,"deploy_stdout":null,"deploy_stderr":null,"deploy_status_code":null}""");
        JsonSerializer.Serialize(before).ShouldBe("""{"result":1,"old":2,"deploy_stdout":"3"}""");
    }

    [Test]
    public void Signal_without_a_configuration_stores_the_outputs_of_a_hook()
    {
        var deployment = Create();

        deployment.ApplySignal(deployment.Run, Report("""{"result":1,"deploy_status_code":"0"}"""), [], Now).ShouldBe(SignalOutcome.Applied);

        JsonSerializer.Serialize(deployment.OutputValues)
            .ShouldBe("""{"deploy_stdout":null,"deploy_stderr":null,"deploy_status_code":"0"}""");
    }

    private static void ShouldChangeNothing(SoftwareDeployment deployment, Guid run, SignalOutcome outcome)
    {
        var before = State(deployment);

        deployment.ApplySignal(run, Report("""{"result":1}"""), Declared, Now).ShouldBe(outcome);

        State(deployment).ShouldBe(before);
    }

    private static object State(SoftwareDeployment deployment) => (
        deployment.Version,
        deployment.UpdatedTime,
        deployment.Status,
        deployment.StatusReason,
        deployment.OutputValues,
        deployment.Run,
        deployment.RunDeadline);

    private static SignalOutcome Signal(SoftwareDeployment deployment, string body) =>
        deployment.ApplySignal(deployment.Run, Report(body), Declared, Now);

    private static AgentReport Report(string body) => AgentReport.Read(Encoding.UTF8.GetBytes(body), text => text)!;

    private static SoftwareDeployment Create(int? timeout = null) =>
        new(Guid.NewGuid(), "project", "config", "server", Created, timeout: timeout);
}
