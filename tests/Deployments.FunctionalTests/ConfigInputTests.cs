using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Inputs, outputs and options in the forms in which real clients send them.</summary>
public sealed class ConfigInputTests
{
    [TestCase("\"true\"", "true")]
    [TestCase("\"false\"", "false")]
    [TestCase("\"True\"", "true")]
    [TestCase("\"FALSE\"", "false")]
    [TestCase("true", "true")]
    public async Task Create_with_a_Boolean_as_text_shows_a_Boolean(string sent, string shown)
    {
        var project = new Project();
        var json = $$"""{"inputs": [{"name": "i", "replace_on_change": {{sent}}}], "outputs": [{"name": "o", "error_output": {{sent}}}]}""";

        var created = await project.CreateConfigAsync(json);

        created.Config.GetProperty("outputs")[0].GetProperty("error_output").GetRawText().ShouldBe(shown);
        created.Config.GetProperty("inputs")[0].TryGetProperty("replace_on_change", out var replace).ShouldBe(shown == "true");
        (shown == "true" ? replace.GetRawText() : shown).ShouldBe(shown);
        (await project.GetConfigAsync(created.Id)).Text.ShouldBe(created.Text);
        (await project.ValidateAsync(Template(json))).ShouldBeOk();
    }

    [TestCase("\"maybe\"")]
    [TestCase("\"\"")]
    [TestCase("\" true\"")]
    [TestCase("\"1\"")]
    [TestCase("1")]
    [TestCase("0")]
    [TestCase("[]")]
    [TestCase("{}")]
    public async Task Create_with_neither_a_Boolean_nor_its_text_is_refused_by_name(string sent)
    {
        var project = new Project();
        var input = $$"""{"inputs": [{"name": "i", "replace_on_change": {{sent}}}]}""";
        var output = $$"""{"outputs": [{"name": "o", "error_output": {{sent}}}]}""";

        (await project.CreateConfigAsync(input)).ShouldBeError(HttpStatusCode.BadRequest, "inputs[0].replace_on_change");
        (await project.CreateConfigAsync(output)).ShouldBeError(HttpStatusCode.BadRequest, "outputs[0].error_output");
        (await project.ValidateAsync(Template(input)))
            .ShouldBeError(HttpStatusCode.BadRequest, "template.resources.r.properties.inputs[0].replace_on_change");
        (await project.ValidateAsync(Template(output)))
            .ShouldBeError(HttpStatusCode.BadRequest, "template.resources.r.properties.outputs[0].error_output");
    }

    [TestCase("8080")]
    [TestCase("1.50")]
    [TestCase("true")]
    [TestCase("""["a",1]""")]
    [TestCase("""{"a":1}""")]
    public async Task Create_with_a_default_of_any_kind_and_no_type_shows_it_as_sent(string value)
    {
        var project = new Project();
        var json = $$"""{"inputs": [{"name": "i", "default": {{value}}}, {"name": "j", "type": null, "default": {{value}}}]}""";

        var created = await project.CreateConfigAsync(json);

        created.Config.GetProperty("inputs").GetRawText().ShouldBe(
            $$"""[{"name":"i","type":"String","default":{{value}}},{"name":"j","type":"String","default":{{value}}}]""");
        (await project.GetConfigAsync(created.Id)).Text.ShouldBe(created.Text);
        (await project.ValidateAsync(Template(json))).ShouldBeOk();
    }

    [TestCase("String", "80")]
    [TestCase("String", "-80")]
    [TestCase("String", "12345678901234567890123")]
    [TestCase("String", "true")]
    [TestCase("String", "false")]
    [TestCase("String", "\"\"")]
    [TestCase("Number", "\"\"")]
    [TestCase("Boolean", "\"\"")]
    [TestCase("CommaDelimitedList", "\"\"")]
    [TestCase("Json", "\"\"")]
    public async Task Create_with_a_default_that_fits_its_type_shows_it_as_sent(string type, string value)
    {
        var project = new Project();
        var json = $$"""{"inputs": [{"name": "i", "type": "{{type}}", "default": {{value}}}]}""";

        var created = await project.CreateConfigAsync(json);

        created.Config.GetProperty("inputs").GetRawText().ShouldBe($$"""[{"name":"i","type":"{{type}}","default":{{value}}}]""");
        (await project.GetConfigAsync(created.Id)).Text.ShouldBe(created.Text);
        (await project.ValidateAsync(Template(json))).ShouldBeOk();
    }

    [Test]
    public async Task Metadata_with_a_default_of_another_kind_than_String_shows_it_as_sent()
    {
        var project = new Project();
        var config = await project.CreateConfigAsync("""{"inputs": [{"name": "port", "default": [8080]}]}""");
        await project.CreateAsync($$"""{"config_id": "{{config.Id}}", "server_id": "s"}""");

        (await project.GetMetadataAsync("s")).Items.ShouldHaveSingleItem().GetRawText().ShouldBe(config.Config.GetRawText());
    }

    [Test]
    public async Task Create_with_an_empty_list_of_options_shows_an_empty_object()
    {
        var project = new Project();

        var created = await project.CreateConfigAsync("""{"options": []}""");

        created.Config.GetProperty("options").GetRawText().ShouldBe("{}");
        (await project.GetConfigAsync(created.Id)).Text.ShouldBe(created.Text);
        (await project.ValidateAsync(Template("""{"options": []}"""))).ShouldBeOk();
        (await project.CreateConfigAsync("""{"options": [1]}""")).ShouldBeError(HttpStatusCode.BadRequest, "options");
    }

    private static string Template(string config) =>
        $$"""{"template": {"resources": {"r": {"type": "OS::Heat::SoftwareConfig", "properties": {{config}} } } } }""";
}
