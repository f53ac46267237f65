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
    public void Nothing_is_enough() =>
        Failures(new NewConfig()).ShouldBeEmpty();

    [Test]
    public void Everything_may_be_given()
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
    public void A_name_and_a_group_may_be_blank(string text) =>
        Failures(new NewConfig { Name = text, Group = text }).ShouldBeEmpty();

    [Test]
    public void A_name_has_at_most_255_characters() =>
        Failures(new NewConfig { Name = new string('x', 256) }).ShouldBe([("name", "name must have at most 255 characters.")]);

    [Test]
    public void A_group_has_at_most_255_characters() =>
        Failures(new NewConfig { Group = new string('x', 256) }).ShouldBe([("group", "group must have at most 255 characters.")]);

    [Test]
    public void There_may_be_a_thousand_inputs_and_outputs_and_no_more_are_looked_at()
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
    public void Of_a_thousand_unknown_members_no_more_are_told_than_a_caller_is_shown() =>
        Failures(new NewConfig { Inputs = [new NewConfigInput { Name = "a", UnknownMembers = Members([.. Enumerable.Range(0, 1_000).Select(number => $"{number}")]) }] })
            .Count.ShouldBe(InvalidRequestException.MaxErrors);

    [Test]
    public void An_input_has_a_name() =>
        SecondInput(new NewConfigInput()).ShouldBe([("inputs[1].name", "inputs[1].name is required.")]);

    [Test]
    public void An_output_has_a_name() =>
        SecondOutput(new NewConfigOutput()).ShouldBe([("outputs[1].name", "outputs[1].name is required.")]);

    [TestCase("")]
    [TestCase("\t ")]
    public void The_name_of_an_input_or_output_is_not_blank(string name)
    {
        SecondInput(new NewConfigInput { Name = name }).ShouldBe([("inputs[1].name", "inputs[1].name must not be blank.")]);
        SecondOutput(new NewConfigOutput { Name = name }).ShouldBe([("outputs[1].name", "outputs[1].name must not be blank.")]);
    }

    [TestCase("")]
    [TestCase("string")]
    [TestCase("0")]
    [TestCase("Integer")]
    public void The_type_of_an_input_or_output_is_one_of_the_contract(string type)
    {
        SecondInput(new NewConfigInput { Name = "b", Type = type }).ShouldBe([("inputs[1].type", $"inputs[1].type must be one of {Types}.")]);
        SecondOutput(new NewConfigOutput { Name = "b", Type = type }).ShouldBe([("outputs[1].type", $"outputs[1].type must be one of {Types}.")]);
    }

    [TestCase("String")]
    [TestCase("Number")]
    [TestCase("Boolean")]
    [TestCase("CommaDelimitedList")]
    public void A_default_that_does_not_fit_is_told_with_the_type(string type) =>
        SecondInput(new NewConfigInput { Name = "b", Type = type, Default = JsonElement.Parse("{}") })
            .ShouldBe([("inputs[1].default", $"inputs[1].default does not fit the type {type}.")]);

    [TestCase("{}")]
    [TestCase("8080")]
    [TestCase("true")]
    [TestCase("[1.5]")]
    public void A_default_of_an_input_without_a_type_may_be_anything(string value) =>
        SecondInput(new NewConfigInput { Name = "b", Default = JsonElement.Parse(value) }).ShouldBeEmpty();

    [Test]
    public void A_default_fits_or_not_only_where_the_type_is_known() =>
        SecondInput(new NewConfigInput { Name = "b", Type = "Integer", Default = JsonElement.Parse("{}") })
            .Select(failure => failure.Field).ShouldBe(["inputs[1].type"]);

    [Test]
    public void Each_unknown_member_of_an_input_is_told() =>
        SecondInput(new NewConfigInput { Name = "b", UnknownMembers = Members("colour", "Name") }).ShouldBe(
            [
                ("inputs[1].colour", "inputs[1].colour is not known here."),
                ("inputs[1].Name", "inputs[1].Name is not known here."),
            ]);

    [Test]
    public void Each_unknown_member_of_an_output_is_told() =>
        SecondOutput(new NewConfigOutput { Name = "b", UnknownMembers = Members("default", "value") }).ShouldBe(
            [
                ("outputs[1].default", "outputs[1].default is not known here."),
                ("outputs[1].value", "outputs[1].value is not known here."),
            ]);

    [Test]
    public void A_name_that_stands_again_is_told_each_time()
    {
        string[] names = ["a", "b", "a", "a"];

        Failures(new NewConfig { Inputs = [.. names.Select(name => new NewConfigInput { Name = name })] }).ShouldBe(
            [
                ("inputs[2].name", "inputs[2].name stands in the list already: a."),
                ("inputs[3].name", "inputs[3].name stands in the list already: a."),
            ]);
        Failures(new NewConfig { Outputs = [.. names.Select(name => new NewConfigOutput { Name = name })] }).ShouldBe(
            [
                ("outputs[2].name", "outputs[2].name stands in the list already: a."),
                ("outputs[3].name", "outputs[3].name stands in the list already: a."),
            ]);
    }

    [Test]
    public void No_name_is_no_duplicate_of_no_name() =>
        Failures(new NewConfig { Inputs = [new NewConfigInput(), new NewConfigInput()], Outputs = [new NewConfigOutput(), new NewConfigOutput()] })
            .ShouldAllBe(failure => failure.Message.EndsWith(" is required."));

    [Test]
    public void Null_is_no_input_and_no_output() =>
        Failures(new NewConfig { Inputs = [new NewConfigInput { Name = "a" }, null], Outputs = [null] }).ShouldBe(
            [
                ("inputs[1]", "inputs[1] must be a JSON object."),
                ("outputs[0]", "outputs[0] must be a JSON object."),
            ]);

    [Test]
    public void All_broken_rules_are_told_at_once()
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
