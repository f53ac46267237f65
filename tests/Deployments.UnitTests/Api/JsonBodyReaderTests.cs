using System.Text;
using System.Text.Json;
using Deployments.Api.Contracts;
using Deployments.Api.Json;
using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareConfigs;
using Deployments.Application.SoftwareDeployments;
using Deployments.Application.Templates;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

public class JsonBodyReaderTests
{
    private static readonly JsonSerializerOptions Options = Policy();

    [Test]
    public void Read_keeps_one_element_more_than_a_list_may_have()
    {
        var elements = string.Join(',', Enumerable.Repeat("{}", 100_000));

        var config = Read<NewConfig>($$"""{"inputs":[{{elements}}],"outputs":[{{elements}}]}""");

        config.Inputs!.Count.ShouldBe(1_001);
        config.Outputs!.Count.ShouldBe(1_001);
        Read<CreateSoftwareDeploymentsBody>($$"""{"software_deployments":[{{elements}}]}""").SoftwareDeployments!.Count.ShouldBe(1_001);
    }

    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("\"text\"")]
    [TestCase("1")]
    [TestCase("true")]
    public void Read_of_a_body_that_is_not_an_object_throws(string text) =>
        Errors<NewDeployment>(text).ShouldBe("body", "must be a JSON object.");

    [Test]
    public void Read_of_a_text_field_that_is_not_a_string_throws(
        [Values("config_id", "server_id", "action", "status", "status_reason", "stack_user_project_id")] string field,
        [Values("1", "true", "[]", "{}")] string value) =>
        Errors<NewDeployment>($$"""{"{{field}}":{{value}}}""").ShouldBe(field, "must be a string.");

    [Test]
    public void Read_of_values_that_are_not_an_object_throws(
        [Values("input_values", "output_values")] string field, [Values("1", "true", "[1]", "[{}]", "[[]]", "\"{}\"")] string value) =>
        Errors<DeploymentUpdate>($$"""{"{{field}}":{{value}}}""").ShouldBe(field, "must be a JSON object.");

    [TestCase("[]")]
    [TestCase(" [ \n ] ")]
    [TestCase("{}")]
    public void Values_in_an_empty_list_are_an_empty_object(string value)
    {
        var update = Read<DeploymentUpdate>($$"""{"input_values":{{value}},"output_values":{{value}},"action":"a"}""");

        update.InputValues.ShouldNotBeNull().ShouldBeEmpty();
        update.OutputValues.ShouldNotBeNull().ShouldBeEmpty();
        update.Action.ShouldBe("a");
    }

    [TestCase("true", true)]
    [TestCase("false", false)]
    [TestCase("\"true\"", true)]
    [TestCase("\"FALSE\"", false)]
    [TestCase("\"tr\\u0075e\"", true)]
    public void A_Boolean_may_be_its_text(string value, bool read) =>
        Read<NewConfig>($$"""{"outputs":[{"name":"o","error_output":{{value}}}]}""").Outputs![0]!.ErrorOutput.ShouldBe(read);

    [TestCase("""{"software_deployments":{}}""", "software_deployments", "a list")]
    [TestCase("""{"software_deployments":"[]"}""", "software_deployments", "a list")]
    [TestCase("""{"software_deployments":[{},1]}""", "software_deployments[1]", "a JSON object")]
    [TestCase("""{"software_deployments":[{},{},{"status":1}]}""", "software_deployments[2].status", "a string")]
    [TestCase("""{"software_deployments":[{"input_values":[1]}]}""", "software_deployments[0].input_values", "a JSON object")]
    public void Read_of_an_invalid_batch_names_the_element(string text, string field, string kind) =>
        Errors<CreateSoftwareDeploymentsBody>(text).ShouldBe(field, $"must be {kind}.");

    [TestCase("""{"name":1}""", "name", "a string")]
    [TestCase("""{"inputs":{}}""", "inputs", "a list")]
    [TestCase("""{"outputs":"[]"}""", "outputs", "a list")]
    [TestCase("""{"options":[1]}""", "options", "a JSON object")]
    [TestCase("""{"inputs":["port"]}""", "inputs[0]", "a JSON object")]
    [TestCase("""{"inputs":[{},{"type":1}]}""", "inputs[1].type", "a string")]
    [TestCase("""{"inputs":[{"replace_on_change":"maybe"}]}""", "inputs[0].replace_on_change", "true or false")]
    [TestCase("""{"inputs":[{"replace_on_change":1}]}""", "inputs[0].replace_on_change", "true or false")]
    [TestCase("""{"outputs":[{"error_output":1}]}""", "outputs[0].error_output", "true or false")]
    public void Read_of_an_invalid_config_names_the_member(string text, string field, string kind) =>
        Errors<NewConfig>(text).ShouldBe(field, $"must be {kind}.");

    [TestCase("""{"template":[]}""", "template", "a JSON object")]
    [TestCase("""{"template":{"resources":[]}}""", "template.resources", "a JSON object")]
    [TestCase("""{"template":{"resources":{"a":1}}}""", "template.resources.a", "a JSON object")]
    [TestCase("""{"template":{"resources":{"a":{"type":1}}}}""", "template.resources.a.type", "a string")]
    [TestCase("""{"template":{"resources":{"":{"type":1}}}}""", "template.resources..type", "a string")]
    [TestCase("""{"template":{"resources":{"my server":{"type":1}}}}""", "template.resources.my server.type", "a string")]
    [TestCase("""{"template":{"resources":{"a.b[0]":{"type":1}}}}""", "template.resources.a.b[0].type", "a string")]
    [TestCase("""{"template":{"resources":{"it's":{"type":1}}}}""", "template.resources.it's.type", "a string")]
    [TestCase("""{"template":{"resources":{"a']b":{"type":1}}}}""", "template.resources.a']b.type", "a string")]
    [TestCase("""{"template":{"resources":{"a.b":1}}}""", "template.resources.a.b", "a JSON object")]
    public void Read_of_an_invalid_template_names_the_resource_as_it_was_sent(string text, string field, string kind) =>
        Errors<ValidateTemplateBody>(text).ShouldBe(field, $"must be {kind}.");

    [TestCase("[]", "a.properties", "a JSON object")]
    [TestCase("""{"group":1}""", "a.properties.group", "a string")]
    [TestCase("""{"inputs":[{},{"name":{}}]}""", "a.properties.inputs[1].name", "a string")]
    public void Read_of_an_invalid_part_names_its_path_in_the_whole_body(string part, string field, string kind) =>
        Should.Throw<InvalidRequestException>(() => JsonBodyReader.Read<NewConfig>(JsonElement.Parse(part), "a.properties", Options))
            .Errors.ShouldBe(field, $"must be {kind}.");

    [Test]
    public void Read_treats_null_as_missing() =>
        Read<NewDeployment>("""{"config_id":null,"input_values":null,"status":null}""")
            .ShouldBe(new NewDeployment());

    [TestCase("""{"tenant_id":"x","Config_Id":1,"configId":[]}""")]
    public void Read_ignores_unknown_members_of_any_type(string text) =>
        Read<NewDeployment>(text).ShouldBe(new NewDeployment());

    [TestCase("""{"colour":1,"unknown":null,"Name":"b"}""", "colour", "unknown", "Name")]
    [TestCase("""{"error_output":true}""", "error_output")]
    [TestCase("""{"name":"a","description":"","type":"Json","default":1,"replace_on_change":true,"value":null}""")]
    public void Read_of_an_input_keeps_its_unknown_members(string input, params string[] unknown) =>
        (Read<NewConfig>($$"""{"inputs":[{{input}}]}""").Inputs.ShouldHaveSingleItem().ShouldNotBeNull().UnknownMembers?.Keys ?? []).ShouldBe(unknown);

    [TestCase("""{"colour":1,"unknown":null,"Name":"b"}""", "colour", "unknown", "Name")]
    [TestCase("""{"default":1,"value":1,"replace_on_change":true}""", "default", "value", "replace_on_change")]
    [TestCase("""{"name":"a","description":"","type":"Json","error_output":true}""")]
    public void Read_of_an_output_keeps_its_unknown_members(string output, params string[] unknown) =>
        (Read<NewConfig>($$"""{"outputs":[{{output}}]}""").Outputs.ShouldHaveSingleItem().ShouldNotBeNull().UnknownMembers?.Keys ?? []).ShouldBe(unknown);

    [Test]
    public void Read_of_a_config_sets_every_member()
    {
        var config = Read<NewConfig>(
            """
            {
              "name": "n", "group": "g", "config": [1.0], "options": {"o": 1},
              "inputs": [null, {"name": "in", "description": "d", "type": "Number", "default": 1, "replace_on_change": true, "value": 2}],
              "outputs": [null, {"name": "out", "description": "e", "type": "Json", "error_output": true}]
            }
            """);

        (config.Name, config.Group).ShouldBe(("n", "g"));
        config.Config.ShouldNotBeNull().GetRawText().ShouldBe("[1.0]");
        config.Options.ShouldNotBeNull().Keys.ShouldBe(["o"]);
        config.Inputs.ShouldNotBeNull().Count.ShouldBe(2);
        config.Inputs[0].ShouldBeNull();
        var input = config.Inputs[1].ShouldNotBeNull();
        (input.Name, input.Description, input.Type, input.ReplaceOnChange).ShouldBe(("in", "d", "Number", true));
        (input.Default?.GetRawText(), input.Value.GetRawText()).ShouldBe(("1", "2"));
        config.Outputs.ShouldNotBeNull().Count.ShouldBe(2);
        config.Outputs[0].ShouldBeNull();
        var output = config.Outputs[1].ShouldNotBeNull();
        (output.Name, output.Description, output.Type, output.ErrorOutput).ShouldBe(("out", "e", "Json", true));
    }

    [Test]
    public void ToQuery_without_a_template_throws() =>
        ToQueryErrors("""{"template":null}""").ShouldBe("template", "is required.");

    [Test]
    public void ToQuery_with_a_null_resource_throws() =>
        ToQueryErrors("""{"template":{"resources":{"a":null}}}""").ShouldBe("template.resources.a", "must be a JSON object.");

    [Test]
    public void ToQuery_ignores_the_properties_of_another_resource_type() =>
        Read<ValidateTemplateBody>("""{"template":{"resources":{"a":{"type":"OS::Nova::Server","properties":{"name":1}}}}}""")
            .ToQuery(Options).Resources["a"].ShouldBe(new TemplateResource("OS::Nova::Server", Properties: null));

    [Test]
    public void ToQuery_reads_the_properties_of_a_config_resource_as_a_config() =>
        ToQueryErrors("""{"template":{"resources":{"a":{"type":"OS::Heat::SoftwareConfig","properties":{"inputs":[{"name":1}]}}}}}""")
            .ShouldBe("template.resources.a.properties.inputs[0].name", "must be a string.");

    [Test]
    public void Check_limits_the_depth_of_template_values_like_that_of_config_values()
    {
        ShouldStopAt<NewConfig>("""{"options":""", "}", "options");
        ShouldStopAt<ValidateTemplateBody>(
            """{"template":{"resources":{"a":{"properties":{"options":""", "}}}}}", "template.resources.a.properties.options");
    }

    [Test]
    public void Read_accepts_the_deepest_body_that_the_validator_accepts()
    {
        var deepest = Nested("""{"template":{"resources":{"a":{"properties":{"inputs":[{"value":""", "}]}}}}}", 62);

        JsonTextValidator.Check(Encoding.UTF8.GetBytes(deepest), DepthOfValues<ValidateTemplateBody>());

        Should.NotThrow(() => Read<ValidateTemplateBody>(deepest));
    }

    private static void ShouldStopAt<T>(string before, string after, string field)
    {
        Should.NotThrow(() => JsonTextValidator.Check(Encoding.UTF8.GetBytes(Nested(before, after, 64)), DepthOfValues<T>()));
        Should.Throw<InvalidRequestException>(() => JsonTextValidator.Check(Encoding.UTF8.GetBytes(Nested(before, after, 65)), DepthOfValues<T>()))
            .Errors.ShouldBe(field, "is nested more than 64 levels deep.");
    }

    private static int DepthOfValues<T>() =>
        (typeof(T).GetCustomAttributes(typeof(JsonBodyAttribute), inherit: false).OfType<JsonBodyAttribute>().SingleOrDefault()
            ?? new JsonBodyAttribute()).DepthOfValues;

    private static string Nested(string before, string after, int levels) =>
        $"{before}{string.Concat(Enumerable.Repeat("""{"b":""", levels))}1{new string('}', levels)}{after}";

    private static T Read<T>(string text) => (T)JsonBodyReader.Read(Encoding.UTF8.GetBytes(text), typeof(T), Options);

    private static IReadOnlyDictionary<string, string[]> Errors<T>(string text) =>
        Should.Throw<InvalidRequestException>(() => Read<T>(text)).Errors;

    private static IReadOnlyDictionary<string, string[]> ToQueryErrors(string text) =>
        Should.Throw<InvalidRequestException>(() => Read<ValidateTemplateBody>(text).ToQuery(Options)).Errors;

    private static JsonSerializerOptions Policy()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        JsonOptionsSetup.Apply(options, TimeFormat.Utc);
        return options;
    }
}
