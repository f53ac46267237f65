using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Templates are validated by the rules of creating a config; nothing is stored.</summary>
public sealed class ValidateTemplateTests
{
    private static IEnumerable<TestCaseData> InvalidTemplates =>
    [
        Refused("no template", "{}", "template"),
        Refused("null", """{"template": null}""", "template"),
        Refused("text", """{"template": "heat_template_version: 2013-05-23"}""", "template"),
        Refused("list", """{"template": []}""", "template"),
        Refused("empty", "", "body"),
        Refused("array", "[]", "body"),
        Refused("description", """{"template": {"description": 3} }""", "template.description"),
        Refused("resources as a list", """{"template": {"resources": []} }""", "template.resources"),
        Refused("resources as text", """{"template": {"resources": "x"} }""", "template.resources"),
        Refused("null resource", """{"template": {"resources": {"r": null} } }""", "template.resources.r"),
        Refused("text resource", """{"template": {"resources": {"r": "x"} } }""", "template.resources.r"),
        Refused("no type", """{"template": {"resources": {"r": {} } } }""", "template.resources.r.type"),
        Refused("wrong type", """{"template": {"resources": {"r": {"type": 3} } } }""", "template.resources.r.type"),
        Refused("type in another case", Template("""{"type": "os::heat::softwareconfig"}"""), "template.resources.r.type"),
        Refused("properties as a list", Template("""{"type": "OS::Heat::SoftwareConfig", "properties": []}"""), "template.resources.r.properties"),
        Refused("properties as text", Template("""{"type": "OS::Heat::SoftwareConfig", "properties": "x"}"""), "template.resources.r.properties"),
        Refused("duplicate resource", """{"template": {"resources": {"r": {}, "r": {} } } }""", "template.resources.r"),
        Refused(
            "several resources",
            """
            {"template": {"resources": {
              "a": {"type": "OS::Nova::Server"},
              "b": {"type": "OS::Heat::SoftwareConfig", "properties": {"inputs": [{}, {"name": "a", "type": "x"}]} },
              "c": {"type": "OS::Heat::SoftwareConfig"} } } }
            """,
            "template.resources.a.type",
            "template.resources.b.properties.inputs[0].name",
            "template.resources.b.properties.inputs[1].type"),
    ];

    private static string[] ValidTemplates =>
    [
        """{"template": {} }""",
        """{"template": {"heat_template_version": "2013-05-23"} }""",
        """{"template": {"resources": {} } }""",
        """{"template": {"resources": null} }""",
        """{"template": {"resources": {"r": {"type": "OS::Heat::SoftwareConfig"} } } }""",
        """{"template": {"resources": {"r": {"type": "OS::Heat::SoftwareConfig", "properties": null} } } }""",
        """{"template": {"resources": {"r": {"type": "OS::Heat::SoftwareConfig", "properties": {} } } }, "files": {}, "environment": {} }""",
        Config("""
            {"name": "n", "group": "script", "config": "#!/bin/sh", "options": {"a": 1}, "unknown": 1,
             "inputs": [{"name": "i", "type": "Number", "default": "3", "value": 4}], "outputs": [{"name": "o", "error_output": true}]}
            """),
        Config($$"""{"config": {{Requests.Nested(64)}}, "options": {{Requests.Nested(64)}} }"""),
    ];

    [TestCaseSource(nameof(ValidTemplates))]
    public async Task Validate_template_with_a_valid_template_returns_200_and_stores_nothing(string json)
    {
        var project = new Project();

        var response = await project.ValidateAsync(json);

        response.ShouldBeOk().Json.EnumerateObject().Select(member => member.Name).ShouldBe(["Description", "Parameters"]);
        response.Json.GetProperty("Description").GetString().ShouldNotBeNullOrWhiteSpace();
        response.Json.GetProperty("Parameters").GetRawText().ShouldBe("{}");
        (await project.CountStoredConfigsAsync()).ShouldBe(0);
    }

    [Test]
    public async Task Validate_template_returns_the_description_of_the_template()
    {
        var response = await new Project().ValidateAsync("""{"template": {"description": "What it is for: é"} }""");

        response.ShouldBeOk().Text.ShouldBe("""{"Description":"What it is for: é","Parameters":{}}""");
    }

    [TestCaseSource(nameof(InvalidTemplates))]
    public async Task Validate_template_with_an_invalid_template_returns_400(string json, string[] fields)
    {
        var response = await new Project().ValidateAsync(json);

        response.ShouldBeError(HttpStatusCode.BadRequest, fields);
    }

    [TestCase("OS::Nova::Server")]
    [TestCase("OS::Heat::SoftwareDeployment")]
    [TestCase("banana")]
    public async Task Validate_template_with_another_resource_type_returns_400_naming_the_type(string type)
    {
        var response = await new Project().ValidateAsync(Template($$"""{"type": "{{type}}", "properties": {"inputs": 3} }"""));

        response.ShouldBeError(HttpStatusCode.BadRequest, "template.resources.r.type")
            .Json.GetProperty("detail").GetString()!.ShouldContain(type);
    }

    [TestCaseSource(typeof(BadConfigs), nameof(BadConfigs.All))]
    public async Task Validate_template_with_invalid_config_properties_returns_400(string config, string[] fields)
    {
        var response = await new Project().ValidateAsync(Config(config));

        response.ShouldBeError(HttpStatusCode.BadRequest, [.. fields.Select(field => $"template.resources.r.properties.{field}")]);
    }

    [Test]
    public async Task Validate_template_ignores_the_query_parameters_of_real_clients()
    {
        (await new Project().ValidateAsync("""{"template": {} }""", "?show_nested=False&ignore_errors=99001&x=&x="))
            .ShouldBeOk();
    }

    [Test]
    public async Task Validate_template_as_sent_by_the_command_line_client_returns_200()
    {
        var response = await new Project().ValidateAsync(
            """
            {"template": {"heat_template_version": "2013-05-23", "resources": {"name": {"type": "OS::Heat::SoftwareConfig", "properties": {
              "config": "#!/bin/sh\n", "group": "Heat::Ungrouped", "inputs": [{"name": "foo", "type": "String"}], "outputs": [], "options": {} } } } } }
            """);

        response.ShouldBeOk();
    }

    private static TestCaseData Refused(string name, string json, params string[] fields) =>
        new TestCaseData(json, fields).SetArgDisplayNames(name);

    private static string Template(string resource) => $$"""{"template": {"resources": {"r": {{resource}} } } }""";

    private static string Config(string properties) => Template($$"""{"type": "OS::Heat::SoftwareConfig", "properties": {{properties}} }""");
}
