using System.Text.Json;
using Deployments.Domain.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Domain;

public class SoftwareDeploymentTests
{
    private static readonly DateTimeOffset Time = new(2026, 5, 4, 3, 2, 1, TimeSpan.Zero);

    [Test]
    public void Constructor_sets_missing_fields_to_null_and_the_status_to_IN_PROGRESS()
    {
        var deployment = new SoftwareDeployment(Guid.NewGuid(), "project", "config", "server", Time);

        deployment.Status.ShouldBe(DeploymentStatus.InProgress);
        deployment.StatusReason.ShouldBeNull();
        deployment.Action.ShouldBeNull();
        deployment.InputValues.ShouldBeNull();
        deployment.OutputValues.ShouldBeNull();
        deployment.StackUserProjectId.ShouldBeNull();
    }

    [Test]
    public void Constructor_keeps_every_field()
    {
        var id = Guid.NewGuid();
        var inputs = new Dictionary<string, JsonElement>();

        var deployment = new SoftwareDeployment(
            id, "project", "config", "server", Time, DeploymentStatus.Failed, "reason", "action", inputs, "other project");

        deployment.Id.ShouldBe(id);
        deployment.ProjectId.ShouldBe("project");
        deployment.ConfigId.ShouldBe("config");
        deployment.ServerId.ShouldBe("server");
        deployment.CreationTime.ShouldBe(Time);
        deployment.Status.ShouldBe(DeploymentStatus.Failed);
        deployment.StatusReason.ShouldBe("reason");
        deployment.Action.ShouldBe("action");
        deployment.InputValues.ShouldBeSameAs(inputs);
        deployment.OutputValues.ShouldBeNull();
        deployment.StackUserProjectId.ShouldBe("other project");
    }

    [Test]
    public void Idempotency_key_is_kept_with_its_index_and_hash()
    {
        var key = new IdempotencyKey("key", 3, [1, 2]);

        Create(key).IdempotencyKey.ShouldBe(key);
        Create(idempotencyKey: null).IdempotencyKey.ShouldBeNull();
    }

    [TestCase("!", 255, true)]
    [TestCase("~", 1, true)]
    [TestCase("k", 0, false)]
    [TestCase("k", 256, false)]
    [TestCase(" ", 1, false)]
    [TestCase("\u007f", 1, false)]
    [TestCase("ü", 1, false)]
    public void Idempotency_key_has_1_to_255_visible_ASCII_characters(string character, int count, bool valid)
    {
        var key = string.Concat(Enumerable.Repeat(character, count));

        IdempotencyKey.IsValid(key).ShouldBe(valid);
        Action create = () => Create(new IdempotencyKey(key, 0, []));
        if (valid)
        {
            create.ShouldNotThrow();
        }
        else
        {
            create.ShouldThrow<ArgumentException>().ParamName.ShouldBe("idempotencyKey");
        }
    }

    [TestCase("projectId", 64)]
    [TestCase("configId", 255)]
    [TestCase("serverId", 255)]
    [TestCase("action", 255)]
    [TestCase("statusReason", 16_384)]
    [TestCase("stackUserProjectId", 64)]
    public void Constructor_accepts_text_at_its_limit_and_throws_beyond_it(string field, int limit)
    {
        var longest = new string('x', limit);

        Should.NotThrow(() => Create(field, longest));
        Should.Throw<ArgumentException>(() => Create(field, longest + 'x')).ParamName.ShouldBe(field);
    }

    [Test]
    public void Constructor_with_null_or_blank_required_text_throws(
        [Values("projectId", "configId", "serverId")] string field, [Values(null, "", " ", "\t\n")] string? text) =>
        Should.Throw<ArgumentException>(() => Create(field, text)).ParamName.ShouldBe(field);

    [Test]
    public void Constructor_accepts_empty_optional_text(
        [Values("action", "statusReason", "stackUserProjectId")] string field, [Values(null, "", " ")] string? text) =>
        Should.NotThrow(() => Create(field, text));

    [Test]
    public void Constructor_with_an_undefined_status_throws() =>
        Should.Throw<ArgumentOutOfRangeException>(
            () => new SoftwareDeployment(Guid.NewGuid(), "project", "config", "server", Time, (DeploymentStatus)3));

    [Test]
    public void Type_has_one_constructor_and_no_public_setters_or_fields()
    {
        var type = typeof(SoftwareDeployment);

        type.GetProperties().ShouldNotBeEmpty();
        type.GetProperties().ShouldAllBe(property => property.GetSetMethod() == null);
        type.GetFields().ShouldAllBe(field => field.IsLiteral);
        type.GetConstructors().Length.ShouldBe(1);
    }

    private static SoftwareDeployment Create(IdempotencyKey? idempotencyKey) =>
        new(Guid.NewGuid(), "project", "config", "server", Time, idempotencyKey: idempotencyKey);

    private static SoftwareDeployment Create(string field, string? text) => new(
        Guid.NewGuid(),
        field == "projectId" ? text! : "project",
        field == "configId" ? text! : "config",
        field == "serverId" ? text! : "server",
        Time,
        statusReason: field == "statusReason" ? text : null,
        action: field == "action" ? text : null,
        stackUserProjectId: field == "stackUserProjectId" ? text : null);
}
