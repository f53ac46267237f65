using System.Text.Json;
using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareConfigs;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public class CreateConfigValidatorTests
{
    private const string Types = "String, Number, CommaDelimitedList, Json, Boolean";

    [Test]
    public void Validate_empty_config_returns_no_error() =>
        Failures(new NewConfig()).ShouldBeEmpty();

    [Test]
    public void Validate_config_with_every_field_returns_no_error()
    {
        var anything = JsonElement.Parse("""{"any":[1.0,null]}""");

        Failures(new NewConfig
        {
            Name = new string('x', 255),
            Group = new string('x', 255),
            Config = anything,
            Inputs =
            [
                new NewConfigInput { Name = "a", Description = "", Type = "Number", Default = Text("80"), ReplaceOnChange = true, Value = anything },
                new NewConfigInput { Name = "A" },
            ],
            Outputs = [new NewConfigOutput { Name = "a", Description = "", Type = "Json", ErrorOutput = true }, new NewConfigOutput { Name = "b" }],
            Options = new Dictionary<string, JsonElement> { [""] = anything },
        }).ShouldBeEmpty();
    }

    [TestCase("")]
    [TestCase(" ")]
    public void Validate_blank_name_and_group_returns_no_error(string text) =>
        Failures(new NewConfig { Name = text, Group = text }).ShouldBeEmpty();

    [Test]
    public void Validate_name_over_255_characters_returns_an_error() =>
        Failures(new NewConfig { Name = new string('x', 256) }).ShouldBe([("name", "name must have at most 255 characters.")]);

    [Test]
    public void Validate_group_over_255_characters_returns_an_error() =>
        Failures(new NewConfig { Group = new string('x', 256) }).ShouldBe([("group", "group must have at most 255 characters.")]);

    [Test]
    public void Validate_over_1000_inputs_or_outputs_returns_one_error_each()
    {
        Failures(new NewConfig { Inputs = Inputs(1_000), Outputs = Outputs(1_000) }).ShouldBeEmpty();
        Failures(new NewConfig { Inputs = [.. Inputs(1_000), null], Outputs = [.. Outputs(1_000), null] }).ShouldBe(
            [("inputs", "inputs must hold at most 1000 inputs."), ("outputs", "outputs must hold at most 1000 outputs.")]);

        static IList<NewConfigInput?> Inputs(int count) =>
            [.. Enumerable.Range(0, count).Select(number => new NewConfigInput { Name = $"{number}" })];

        static IList<NewConfigOutput?> Outputs(int count) =>
            [.. Enumerable.Range(0, count).Select(number => new NewConfigOutput { Name = $"{number}" })];
    }

    [Test]
    public void Validate_1000_unknown_members_returns_the_maximum_number_of_errors() =>
        Failures(new NewConfig { Inputs = [new NewConfigInput { Name = "a", UnknownMembers = Members([.. Enumerable.Range(0, 1_000).Select(number => $"{number}")]) }] })
            .Count.ShouldBe(InvalidRequestException.MaxErrors);

    [Test]
    public void Validate_input_without_a_name_returns_an_error() =>
        SecondInput(new NewConfigInput()).ShouldBe([("inputs[1].name", "inputs[1].name is required.")]);

    [Test]
    public void Validate_output_without_a_name_returns_an_error() =>
        SecondOutput(new NewConfigOutput()).ShouldBe([("outputs[1].name", "outputs[1].name is required.")]);

    [TestCase("")]
    [TestCase("\t ")]
    public void Validate_input_or_output_with_a_blank_name_returns_an_error(string name)
    {
        SecondInput(new NewConfigInput { Name = name }).ShouldBe([("inputs[1].name", "inputs[1].name must not be blank.")]);
        SecondOutput(new NewConfigOutput { Name = name }).ShouldBe([("outputs[1].name", "outputs[1].name must not be blank.")]);
    }

    [TestCase("")]
    [TestCase("string")]
    [TestCase("0")]
    [TestCase("Integer")]
    public void Validate_input_or_output_with_an_unknown_type_returns_an_error(string type)
    {
        SecondInput(new NewConfigInput { Name = "b", Type = type }).ShouldBe([("inputs[1].type", $"inputs[1].type must be one of {Types}.")]);
        SecondOutput(new NewConfigOutput { Name = "b", Type = type }).ShouldBe([("outputs[1].type", $"outputs[1].type must be one of {Types}.")]);
    }

    [TestCase("String")]
    [TestCase("Number")]
    [TestCase("Boolean")]
    [TestCase("CommaDelimitedList")]
    public void Validate_default_of_another_type_returns_an_error_with_the_type(string type) =>
        SecondInput(new NewConfigInput { Name = "b", Type = type, Default = JsonElement.Parse("{}") })
            .ShouldBe([("inputs[1].default", $"inputs[1].default does not fit the type {type}.")]);

    [TestCase("{}")]
    [TestCase("8080")]
    [TestCase("true")]
    [TestCase("[1.5]")]
    public void A_default_of_an_input_without_a_type_may_be_anything(string value) =>
        SecondInput(new NewConfigInput { Name = "b", Default = JsonElement.Parse(value) }).ShouldBeEmpty();

    [Test]
    public void Validate_default_of_an_unknown_type_returns_only_the_type_error() =>
        SecondInput(new NewConfigInput { Name = "b", Type = "Integer", Default = JsonElement.Parse("{}") })
            .Select(failure => failure.Field).ShouldBe(["inputs[1].type"]);

    [Test]
    public void Validate_unknown_members_of_an_input_returns_an_error_each() =>
        SecondInput(new NewConfigInput { Name = "b", UnknownMembers = Members("colour", "Name") }).ShouldBe(
            [
                ("inputs[1].colour", "inputs[1].colour is not a supported field."),
                ("inputs[1].Name", "inputs[1].Name is not a supported field."),
            ]);

    [Test]
    public void Validate_unknown_members_of_an_output_returns_an_error_each() =>
        SecondOutput(new NewConfigOutput { Name = "b", UnknownMembers = Members("default", "value") }).ShouldBe(
            [
                ("outputs[1].default", "outputs[1].default is not a supported field."),
                ("outputs[1].value", "outputs[1].value is not a supported field."),
            ]);

    [Test]
    public void Validate_duplicate_names_returns_an_error_for_each_repetition()
    {
        string[] names = ["a", "b", "a", "a"];

        Failures(new NewConfig { Inputs = [.. names.Select(name => new NewConfigInput { Name = name })] }).ShouldBe(
            [
                ("inputs[2].name", "inputs[2].name is a duplicate: a."),
                ("inputs[3].name", "inputs[3].name is a duplicate: a."),
            ]);
        Failures(new NewConfig { Outputs = [.. names.Select(name => new NewConfigOutput { Name = name })] }).ShouldBe(
            [
                ("outputs[2].name", "outputs[2].name is a duplicate: a."),
                ("outputs[3].name", "outputs[3].name is a duplicate: a."),
            ]);
    }

    [Test]
    public void Validate_missing_names_returns_no_duplicate_error() =>
        Failures(new NewConfig { Inputs = [new NewConfigInput(), new NewConfigInput()], Outputs = [new NewConfigOutput(), new NewConfigOutput()] })
            .ShouldAllBe(failure => failure.Message.EndsWith(" is required."));

    [Test]
    public void Validate_null_input_or_output_returns_an_error() =>
        Failures(new NewConfig { Inputs = [new NewConfigInput { Name = "a" }, null], Outputs = [null] }).ShouldBe(
            [
                ("inputs[1]", "inputs[1] must be a JSON object."),
                ("outputs[0]", "outputs[0] must be a JSON object."),
            ]);

    [Test]
    public void Validate_invalid_config_returns_all_errors()
    {
        var failures = Failures(new NewConfig
        {
            Name = new string('x', 256),
            Group = new string('x', 256),
            Inputs =
            [
                new NewConfigInput { Name = "a", Type = "Number", Default = Text("one"), UnknownMembers = Members("colour") },
                new NewConfigInput { Name = " ", Type = "number" },
                new NewConfigInput { Name = "a" },
                null,
            ],
            Outputs =
            [
                new NewConfigOutput { Type = "number", UnknownMembers = Members("colour") },
                new NewConfigOutput { Name = "a" },
                new NewConfigOutput { Name = "a" },
                null,
            ],
        });

        failures.Select(failure => failure.Field).ShouldBe(
            [
                "name", "group",
                "inputs[0].default", "inputs[0].colour", "inputs[1].name", "inputs[1].type", "inputs[2].name", "inputs[3]",
                "outputs[0].name", "outputs[0].type", "outputs[0].colour", "outputs[2].name", "outputs[3]",
            ],
            ignoreOrder: true);
        failures.ShouldAllBe(failure => failure.Message.StartsWith(failure.Field + " "));
    }

    private static Dictionary<string, JsonElement> Members(params string[] names) => names.ToDictionary(name => name, _ => Text("x"));

    private static JsonElement Text(string text) => JsonSerializer.SerializeToElement(text);

    private static IReadOnlyList<(string Field, string Message)> SecondInput(NewConfigInput input) =>
        Failures(new NewConfig { Inputs = [new NewConfigInput { Name = "a" }, input] });

    private static IReadOnlyList<(string Field, string Message)> SecondOutput(NewConfigOutput output) =>
        Failures(new NewConfig { Outputs = [new NewConfigOutput { Name = "a" }, output] });

    private static IReadOnlyList<(string Field, string Message)> Failures(NewConfig config) =>
        UseCases.Failures(new CreateConfigCommand("project", config));
}
