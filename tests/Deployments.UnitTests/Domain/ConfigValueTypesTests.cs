using System.Text.Json;
using Deployments.Domain.SoftwareConfigs;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Domain;

public class ConfigValueTypesTests
{
    private static readonly string[] OneOfEachKind = ["\"text\"", "1", "true", "false", "null", "[1]", """{"a":1}"""];

    [TestCase(ConfigValueType.String, "\"text\"", "1", "true", "false")]
    [TestCase(ConfigValueType.Number, "1")]
    [TestCase(ConfigValueType.Boolean, "true", "false")]
    [TestCase(ConfigValueType.CommaDelimitedList, "\"text\"", "[1]")]
    [TestCase(ConfigValueType.Json, "\"text\"", "1", "true", "false", "null", "[1]", """{"a":1}""")]
    public void Accepts_returns_true_only_for_values_of_the_type(ConfigValueType type, params string[] accepted) =>
        OneOfEachKind.Where(value => type.Accepts(JsonElement.Parse(value))).ShouldBe(accepted);

    [TestCase("\"1\"")]
    [TestCase("\"-1.50\"")]
    [TestCase("\"+3\"")]
    [TestCase("\"1e10\"")]
    [TestCase("-0.0")]
    [TestCase("1e400")]
    public void Accepts_numeric_strings_as_numbers(string value) =>
        ConfigValueType.Number.Accepts(JsonElement.Parse(value)).ShouldBeTrue();

    [TestCase(" ")]
    [TestCase("one")]
    [TestCase("1,000")]
    [TestCase("1.2.3")]
    [TestCase("0x10")]
    [TestCase("(1)")]
    [TestCase("1 2")]
    [TestCase("NaN")]
    [TestCase("Infinity")]
    [TestCase("-Infinity")]
    public void Accepts_no_other_string_as_a_number(string text) =>
        ConfigValueType.Number.Accepts(JsonSerializer.SerializeToElement(text)).ShouldBeFalse();

    [TestCase("true", true)]
    [TestCase("false", true)]
    [TestCase(" ", false)]
    [TestCase("True", false)]
    [TestCase("FALSE", false)]
    [TestCase(" true", false)]
    [TestCase("true ", false)]
    [TestCase("yes", false)]
    [TestCase("1", false)]
    public void Accepts_the_strings_true_and_false_as_booleans(string text, bool accepted) =>
        ConfigValueType.Boolean.Accepts(JsonSerializer.SerializeToElement(text)).ShouldBe(accepted);

    [Test]
    public void Empty_text_fits_every_type([Values] ConfigValueType type) =>
        type.Accepts(JsonElement.Parse("\"\"")).ShouldBeTrue();

    [TestCase("0", true)]
    [TestCase("-80", true)]
    [TestCase("12345678901234567890123", true)]
    [TestCase("1.0", false)]
    [TestCase("1e3", false)]
    [TestCase("1E3", false)]
    public void A_string_may_be_an_integer_and_no_other_number(string number, bool accepted) =>
        ConfigValueType.String.Accepts(JsonElement.Parse(number)).ShouldBe(accepted);

    [TestCase("\"\"")]
    [TestCase("\"a,b\"")]
    [TestCase("[]")]
    [TestCase("""["a",1,{}]""")]
    public void Accepts_lists_and_strings_as_lists(string value) =>
        ConfigValueType.CommaDelimitedList.Accepts(JsonElement.Parse(value)).ShouldBeTrue();

    [TestCase("String", ConfigValueType.String)]
    [TestCase("Number", ConfigValueType.Number)]
    [TestCase("CommaDelimitedList", ConfigValueType.CommaDelimitedList)]
    [TestCase("Json", ConfigValueType.Json)]
    [TestCase("Boolean", ConfigValueType.Boolean)]
    public void Parse_returns_the_type_of_its_name(string name, ConfigValueType type) =>
        ConfigValueTypes.Parse(name).ShouldBe(type);

    [TestCase(null)]
    [TestCase("")]
    [TestCase("string")]
    [TestCase("NUMBER")]
    [TestCase("Json ")]
    [TestCase("0")]
    [TestCase("String, Json")]
    [TestCase("Integer")]
    public void Parse_of_an_unknown_name_returns_null(string? name) =>
        ConfigValueTypes.Parse(name).ShouldBeNull();

    [Test]
    public void Names_are_those_of_the_contract() =>
        ConfigValueTypes.Names.ShouldBe(["String", "Number", "CommaDelimitedList", "Json", "Boolean"], ignoreOrder: true);
}
