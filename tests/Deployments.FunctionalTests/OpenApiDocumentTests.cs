using System.Text.Json;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>What generators of clients need of the document.</summary>
public sealed class OpenApiDocumentTests
{
    [Test]
    public async Task Enums_of_the_document_hold_names_and_no_null()
    {
        var enums = All(await SchemasAsync(), "enum").ToList();

        enums.ShouldNotBeEmpty();
        enums.SelectMany(names => names.EnumerateArray()).ShouldAllBe(name => name.ValueKind == JsonValueKind.String);
    }

    // NSwag's clients with System.Text.Json would take the names of C# for the values.
    [Test]
    public async Task Enums_of_the_document_have_values_only() =>
        All(await DocumentAsync(), "x-enumNames").ShouldBeEmpty();

    [TestCase("CreateSoftwareDeploymentBody", "status", "DeploymentStatus")]
    [TestCase("UpdateSoftwareDeploymentBody", "status", "DeploymentStatus")]
    [TestCase("ConfigInputBody", "type", "ConfigValueType")]
    [TestCase("ConfigOutputBody", "type", "ConfigValueType")]
    public async Task Member_of_a_request_that_may_be_null_says_so_beside_a_reference_to_its_enum(string body, string member, string named)
    {
        var schema = (await SchemasAsync()).GetProperty(body).GetProperty("properties").GetProperty(member);

        schema.GetProperty("nullable").GetBoolean().ShouldBeTrue();
        schema.GetProperty("allOf").EnumerateArray().ShouldHaveSingleItem().GetProperty("$ref").GetString().ShouldBe($"#/components/schemas/{named}");
        schema.TryGetProperty("enum", out _).ShouldBeFalse();
    }

    [TestCase("IN_PROGRESS")]
    [TestCase("Json")]
    public async Task Document_lists_the_names_of_an_enum_once(string name) =>
        All(await DocumentAsync(), "enum")
            .Where(names => names.EnumerateArray().Any(listed => listed.GetString() == name)).ShouldHaveSingleItem();

    [Test]
    public async Task Examples_of_bodies_and_of_their_members_match_their_schemas()
    {
        var examples = await Document.ValidateExamplesAsync();

        examples.Count.ShouldBeGreaterThan(20);
        examples.ShouldAllBe(example => example.Value.Count == 0);
    }

    [Test]
    public async Task Every_error_of_every_operation_has_an_example_of_its_own_status()
    {
        var responses = (await DocumentAsync()).GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject())
            .SelectMany(operation => operation.Value.GetProperty("responses").EnumerateObject())
            .Where(response => response.Name[0] is '4' or '5')
            .ToList();

        responses.Count.ShouldBeGreaterThan(100);
        responses.ShouldAllBe(response =>
            response.Value.GetProperty("content").GetProperty("application/json").GetProperty("example").GetProperty("status").GetInt32().ToString() == response.Name);
    }

    [Test]
    public async Task Projects_have_that_of_the_printed_token_as_their_example()
    {
        var projects = (await DocumentAsync()).GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject())
            .Select(operation => operation.Value.GetProperty("parameters").EnumerateArray().Single(parameter => parameter.GetProperty("name").GetString() == "project_id"))
            .ToList();

        projects.ShouldNotBeEmpty();
        projects.ShouldAllBe(project => project.GetProperty("example").GetString() == "demo");
    }

    [Test]
    public async Task Descriptions_break_lines_between_paragraphs_only()
    {
        var document = await DocumentAsync();

        var descriptions = All(document, "description").Where(member => member.ValueKind == JsonValueKind.String)
            .Select(description => description.GetString()!).ToList();

        descriptions.ShouldNotBeEmpty();
        descriptions.SelectMany(description => description.Split("\n\n")).ShouldAllBe(paragraph => paragraph == paragraph.Trim() && !paragraph.Contains('\n'));
        descriptions.ShouldContain(description => description.Contains("\n\n"));
    }

    [Test]
    public async Task Error_names_the_one_member_that_an_exception_shows_as_its_message()
    {
        var members = (await SchemasAsync()).GetProperty("Error").GetProperty("properties").EnumerateObject();

        members.Where(member => member.Value.TryGetProperty("x-ms-primary-error-message", out var primary) && primary.GetBoolean())
            .ShouldHaveSingleItem().Name.ShouldBe("detail");
    }

    private static async Task<JsonElement> DocumentAsync() => (await TestRun.Service.GetAsync("/openapi/v1.json")).ShouldBeOk().Json;

    private static async Task<JsonElement> SchemasAsync() => (await DocumentAsync()).GetProperty("components").GetProperty("schemas");

    private static IEnumerable<JsonElement> All(JsonElement element, string name) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(
            member => (member.Name == name ? [member.Value] : Enumerable.Empty<JsonElement>()).Concat(All(member.Value, name))),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(item => All(item, name)),
        _ => [],
    };
}
