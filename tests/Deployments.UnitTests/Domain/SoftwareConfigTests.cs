using System.Text.Json;
using Deployments.Domain.SoftwareConfigs;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Domain;

public class SoftwareConfigTests
{
    private static readonly DateTimeOffset Time = new(2026, 5, 4, 3, 2, 1, TimeSpan.Zero);

    [Test]
    public void Constructor_sets_missing_fields_to_null_or_empty()
    {
        var config = new SoftwareConfig(Guid.NewGuid(), "project", Time);

        config.Name.ShouldBeNull();
        config.Group.ShouldBeNull();
        config.Config.ShouldBeNull();
        config.Inputs.ShouldBeEmpty();
        config.Outputs.ShouldBeEmpty();
        config.Options.ShouldBeEmpty();
    }

    [Test]
    public void Constructor_keeps_every_field()
    {
        var id = Guid.NewGuid();
        var script = JsonElement.Parse("\"#!/bin/sh\"");
        ConfigInput[] inputs = [new("b"), new("a"), new("A")];
        ConfigOutput[] outputs = [new("b"), new("a")];
        var options = new Dictionary<string, JsonElement> { ["x"] = JsonElement.Parse("1.0") };

        var config = new SoftwareConfig(id, "project", Time, "name", "group", script, inputs, outputs, options);

        config.Id.ShouldBe(id);
        config.ProjectId.ShouldBe("project");
        config.CreationTime.ShouldBe(Time);
        config.Name.ShouldBe("name");
        config.Group.ShouldBe("group");
        config.Config.ShouldBe(script);
        config.Inputs.ShouldBe(inputs);
        config.Outputs.ShouldBe(outputs);
        config.Options.ShouldBeSameAs(options);
    }

    [TestCase("projectId", 64)]
    [TestCase("name", 255)]
    [TestCase("group", 255)]
    public void Constructor_accepts_text_at_its_limit_and_throws_beyond_it(string field, int limit)
    {
        var longest = new string('x', limit);

        Should.NotThrow(() => Create(field, longest));
        Should.Throw<ArgumentException>(() => Create(field, longest + 'x')).ParamName.ShouldBe(field);
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase(" ")]
    public void Constructor_with_a_null_or_blank_project_throws(string? projectId) =>
        Should.Throw<ArgumentException>(() => Create("projectId", projectId)).ParamName.ShouldBe("projectId");

    [Test]
    public void Constructor_with_duplicate_input_names_throws() =>
        Should.Throw<ArgumentException>(() => new SoftwareConfig(Guid.NewGuid(), "project", Time, inputs: [new("a"), new("b"), new("a")]))
            .ParamName.ShouldBe("inputs");

    [Test]
    public void Constructor_with_duplicate_output_names_throws() =>
        Should.Throw<ArgumentException>(() => new SoftwareConfig(Guid.NewGuid(), "project", Time, outputs: [new("a"), new("b"), new("a")]))
            .ParamName.ShouldBe("outputs");

    [Test]
    public void Constructor_accepts_the_same_name_for_an_input_and_an_output() =>
        Should.NotThrow(() => new SoftwareConfig(Guid.NewGuid(), "project", Time, inputs: [new("a")], outputs: [new("a")]));

    [Test]
    public void Input_with_only_a_name_is_a_string_without_a_value()
    {
        var input = new ConfigInput("name");

        input.Type.ShouldBe(ConfigValueType.String);
        input.Description.ShouldBeNull();
        input.Default.ShouldBeNull();
        input.ReplaceOnChange.ShouldBeFalse();
        input.Value.ShouldBeNull();
    }

    [Test]
    public void Input_keeps_every_field()
    {
        var value = JsonElement.Parse("[]");
        var given = JsonElement.Parse("\"80\"");

        var input = new ConfigInput("name", ConfigValueType.Number, "description", given, replaceOnChange: true, value);

        input.Name.ShouldBe("name");
        input.Type.ShouldBe(ConfigValueType.Number);
        input.Description.ShouldBe("description");
        input.Default.ShouldBe(given);
        input.ReplaceOnChange.ShouldBeTrue();
        input.Value.ShouldBe(value);
    }

    [Test]
    public void Input_throws_for_a_default_but_not_for_a_value_of_another_type()
    {
        var text = JsonElement.Parse("\"eighty\"");

        Should.Throw<ArgumentException>(() => new ConfigInput("port", ConfigValueType.Number, @default: text)).ParamName.ShouldBe("default");
        Should.NotThrow(() => new ConfigInput("port", ConfigValueType.Number, value: text));
    }

    [TestCase("8080")]
    [TestCase("[1.5]")]
    [TestCase("{}")]
    public void The_default_of_an_input_that_may_have_been_given_without_a_type_is_anything(string value) =>
        Should.NotThrow(() => new ConfigInput("port", @default: JsonElement.Parse(value)));

    [Test]
    public void Output_with_only_a_name_is_a_string_and_not_an_error_output()
    {
        var output = new ConfigOutput("name");

        output.Type.ShouldBe(ConfigValueType.String);
        output.Description.ShouldBeNull();
        output.ErrorOutput.ShouldBeFalse();
    }

    [Test]
    public void Output_keeps_every_field()
    {
        var output = new ConfigOutput("name", ConfigValueType.Json, "description", errorOutput: true);

        output.Name.ShouldBe("name");
        output.Type.ShouldBe(ConfigValueType.Json);
        output.Description.ShouldBe("description");
        output.ErrorOutput.ShouldBeTrue();
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("\t ")]
    public void Input_or_output_without_a_name_throws(string? name)
    {
        Should.Throw<ArgumentException>(() => new ConfigInput(name!)).ParamName.ShouldBe("name");
        Should.Throw<ArgumentException>(() => new ConfigOutput(name!)).ParamName.ShouldBe("name");
    }

    private static SoftwareConfig Create(string field, string? text) => new(
        Guid.NewGuid(),
        field == "projectId" ? text! : "project",
        Time,
        name: field == "name" ? text : null,
        group: field == "group" ? text : null);
}
