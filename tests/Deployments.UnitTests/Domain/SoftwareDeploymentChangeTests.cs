using System.Text.Json;
using Deployments.Domain.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Domain;

public class SoftwareDeploymentChangeTests
{
    private static readonly DateTimeOffset Created = new(2026, 5, 4, 3, 2, 1, TimeSpan.Zero);
    private static readonly JsonSerializerOptions AnyDepth = new() { MaxDepth = 512 };
    private static readonly DateTimeOffset Now = Created.AddHours(1);
    private static readonly Guid Run = Guid.NewGuid();

    [TestCaseSource(nameof(EachField))]
    public void Change_of_one_field_keeps_the_others(DeploymentChanges changes, string field)
    {
        var deployment = Filled();
        var before = FieldsOf(deployment);

        deployment.Change(changes, Now).ShouldBeTrue();

        var after = FieldsOf(deployment);
        after.Keys.Where(key => after[key] != before[key]).ShouldBe([field]);
        after[field].ShouldBe(FieldsOf(changes)[field]);
        deployment.Version.ShouldBe(2);
        deployment.UpdatedTime.ShouldBe(Now);
    }

    [Test]
    public void Change_with_null_in_every_field_changes_nothing()
    {
        var deployment = Filled();
        var before = FieldsOf(deployment);

        deployment.Change(new DeploymentChanges { NewRunId = Run }, Now).ShouldBeFalse();

        FieldsOf(deployment).ShouldBe(before);
        deployment.Version.ShouldBe(1);
        deployment.UpdatedTime.ShouldBeNull();
    }

    [Test]
    public void Change_to_equal_values_changes_nothing()
    {
        var deployment = Filled();
        deployment.Change(new DeploymentChanges { NewRunId = Run, OutputValues = Json("""{"out":[1.0,{"b":"ü","a":null}]}""") }, Now);
        var same = new DeploymentChanges
        {
            NewRunId = Run,
            ConfigId = "config",
            Action = "action",
            Status = DeploymentStatus.InProgress,
            StatusReason = "reason",
            InputValues = Json("""{ "in" : 1 }"""),
            OutputValues = Json("""{ "out" : [1.0, {"b":"ü", "a":null} ] }"""),
        };

        deployment.Change(same, Now.AddHours(1)).ShouldBeFalse();

        deployment.Version.ShouldBe(2);
        deployment.UpdatedTime.ShouldBe(Now);
    }

    [TestCase("""{"a":1,"b":2}""", """{"b":2,"a":1}""")]
    [TestCase("""{"a":{"x":1,"y":2}}""", """{"a":{"y":2,"x":1}}""")]
    [TestCase("""{"a":1}""", """{"a":1.0}""")]
    [TestCase("""{"a":100}""", """{"a":1e2}""")]
    [TestCase("""{"a":[1e400]}""", """{"a":[1E400]}""")]
    [TestCase("""{"a":1}""", """{"a":"1"}""")]
    [TestCase("""{"a":null}""", """{}""")]
    [TestCase("""{"a":[]}""", """{"a":{}}""")]
    public void Change_compares_values_as_text(string before, string after)
    {
        var deployment = Filled();
        deployment.Change(new DeploymentChanges { NewRunId = Run, InputValues = Json(before), OutputValues = Json(before) }, Created);

        deployment.Change(new DeploymentChanges { NewRunId = Run, InputValues = Json(after) }, Now).ShouldBeTrue();
        deployment.Change(new DeploymentChanges { NewRunId = Run, OutputValues = Json(after) }, Now).ShouldBeTrue();

        JsonSerializer.Serialize(deployment.InputValues).ShouldBe(after);
        JsonSerializer.Serialize(deployment.OutputValues).ShouldBe(after);
    }

    [Test]
    public void Change_compares_values_of_100_levels()
    {
        var deepest = $$"""{"a":{{new string('[', 100)}}{{new string(']', 100)}}}""";
        var deployment = Filled();

        deployment.Change(new DeploymentChanges { NewRunId = Run, InputValues = Json(deepest) }, Now).ShouldBeTrue();
        deployment.Change(new DeploymentChanges { NewRunId = Run, InputValues = Json(deepest) }, Now).ShouldBeFalse();
    }

    [Test]
    public void Change_sets_empty_texts_and_objects()
    {
        var deployment = Filled();
        var empty = new DeploymentChanges { NewRunId = Run, Action = "", StatusReason = "", InputValues = Json("{}"), OutputValues = Json("{}") };

        deployment.Change(empty, Now).ShouldBeTrue();

        deployment.Action.ShouldBe("");
        deployment.StatusReason.ShouldBe("");
        deployment.InputValues.ShouldNotBeNull().ShouldBeEmpty();
        deployment.OutputValues.ShouldNotBeNull().ShouldBeEmpty();
    }

    [TestCase("action")]
    [TestCase("statusReason")]
    [TestCase("inputValues")]
    [TestCase("outputValues")]
    public void Change_from_null_to_empty_is_a_change(string field)
    {
        var deployment = new SoftwareDeployment(Guid.NewGuid(), "project", "config", "server", Created);
        var empty = field switch
        {
            "action" => new DeploymentChanges { NewRunId = Run, Action = "" },
            "statusReason" => new DeploymentChanges { NewRunId = Run, StatusReason = "" },
            "inputValues" => new DeploymentChanges { NewRunId = Run, InputValues = Json("{}") },
            _ => new DeploymentChanges { NewRunId = Run, OutputValues = Json("{}") },
        };

        deployment.Change(empty, Now).ShouldBeTrue();
        deployment.Change(empty, Now).ShouldBeFalse();
    }

    [Test, Combinatorial]
    public void Change_from_any_status_to_any_status_succeeds([Values] DeploymentStatus former, [Values] DeploymentStatus next)
    {
        var deployment = new SoftwareDeployment(Guid.NewGuid(), "project", "config", "server", Created, former);

        deployment.Change(new DeploymentChanges { NewRunId = Run, Status = next }, Now).ShouldBe(former != next);

        deployment.Status.ShouldBe(next);
    }

    [Test]
    public void Change_increments_the_version_and_sets_the_updated_time()
    {
        var deployment = Filled();

        deployment.Change(new DeploymentChanges { NewRunId = Run, Action = "a", StatusReason = "b" }, Now);
        deployment.Change(new DeploymentChanges { NewRunId = Run, Action = "c" }, Now.AddHours(1));

        deployment.Version.ShouldBe(3);
        deployment.UpdatedTime.ShouldBe(Now.AddHours(1));
        deployment.CreationTime.ShouldBe(Created);
    }

    [TestCase("ConfigId", 255)]
    [TestCase("Action", 255)]
    [TestCase("StatusReason", 16_384)]
    public void Change_accepts_text_at_its_limit_and_throws_beyond_it(string field, int limit)
    {
        var longest = new string('x', limit);

        Filled().Change(With(field, longest), Now).ShouldBeTrue();
        Should.Throw<ArgumentException>(() => Filled().Change(With(field, longest + 'x'), Now)).ParamName.ShouldBe(field);
    }

    [TestCase("")]
    [TestCase(" ")]
    [TestCase("\t\n")]
    public void Change_to_a_blank_config_throws(string configId) =>
        Should.Throw<ArgumentException>(() => Filled().Change(With("ConfigId", configId), Now)).ParamName.ShouldBe("ConfigId");

    [Test]
    public void Change_that_throws_changes_nothing()
    {
        var deployment = Filled();
        var before = FieldsOf(deployment);
        var changes = new DeploymentChanges { NewRunId = Run, ConfigId = "new", Action = "new", Status = (DeploymentStatus)99 };

        Should.Throw<ArgumentOutOfRangeException>(() => deployment.Change(changes, Now));

        FieldsOf(deployment).ShouldBe(before);
        deployment.Version.ShouldBe(1);
        deployment.UpdatedTime.ShouldBeNull();
    }

    private static TestCaseData[] EachField() =>
    [
        new TestCaseData(new DeploymentChanges { NewRunId = Run, ConfigId = "new" }, "configId").SetArgDisplayNames("configId"),
        new TestCaseData(new DeploymentChanges { NewRunId = Run, Action = "new" }, "action").SetArgDisplayNames("action"),
        new TestCaseData(new DeploymentChanges { NewRunId = Run, Status = DeploymentStatus.Failed }, "status").SetArgDisplayNames("status"),
        new TestCaseData(new DeploymentChanges { NewRunId = Run, StatusReason = "new" }, "statusReason").SetArgDisplayNames("statusReason"),
        new TestCaseData(new DeploymentChanges { NewRunId = Run, InputValues = Json("""{"new":1}""") }, "inputValues").SetArgDisplayNames("inputValues"),
        new TestCaseData(new DeploymentChanges { NewRunId = Run, OutputValues = Json("""{"new":1}""") }, "outputValues").SetArgDisplayNames("outputValues"),
    ];

    private static SoftwareDeployment Filled() => new(
        Guid.NewGuid(), "project", "config", "server", Created, DeploymentStatus.InProgress, "reason", "action", Json("""{"in":1}"""), "other");

    private static DeploymentChanges With(string field, string text) => field switch
    {
        "ConfigId" => new DeploymentChanges { NewRunId = Run, ConfigId = text },
        "Action" => new DeploymentChanges { NewRunId = Run, Action = text },
        _ => new DeploymentChanges { NewRunId = Run, StatusReason = text },
    };

    private static Dictionary<string, string?> FieldsOf(SoftwareDeployment deployment) => new()
    {
        ["configId"] = deployment.ConfigId,
        ["action"] = deployment.Action,
        ["status"] = deployment.Status.ToString(),
        ["statusReason"] = deployment.StatusReason,
        ["inputValues"] = JsonSerializer.Serialize(deployment.InputValues),
        ["outputValues"] = JsonSerializer.Serialize(deployment.OutputValues),
        ["serverId"] = deployment.ServerId,
        ["stackUserProjectId"] = deployment.StackUserProjectId,
        ["creationTime"] = deployment.CreationTime.ToString("O"),
    };

    private static Dictionary<string, string?> FieldsOf(DeploymentChanges changes) => new()
    {
        ["configId"] = changes.ConfigId,
        ["action"] = changes.Action,
        ["status"] = changes.Status?.ToString(),
        ["statusReason"] = changes.StatusReason,
        ["inputValues"] = JsonSerializer.Serialize(changes.InputValues),
        ["outputValues"] = JsonSerializer.Serialize(changes.OutputValues),
    };

    private static Dictionary<string, JsonElement> Json(string text) =>
        JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(text, AnyDepth)!;
}
