using System.Text.Json;
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

    [TestCase("CreateSoftwareDeploymentBody", "status")]
    [TestCase("UpdateSoftwareDeploymentBody", "status")]
    [TestCase("ConfigInputBody", "type")]
    [TestCase("ConfigOutputBody", "type")]
    public async Task Member_of_a_request_that_may_be_null_says_so_beside_its_enum(string body, string member)
    {
        var schema = (await SchemasAsync()).GetProperty(body).GetProperty("properties").GetProperty(member);

        schema.GetProperty("nullable").GetBoolean().ShouldBeTrue();
        schema.GetProperty("enum").GetArrayLength().ShouldBeGreaterThan(2);
    }

    [Test]
    public async Task Error_names_the_one_member_that_an_exception_shows_as_its_message()
    {
        var members = (await SchemasAsync()).GetProperty("Error").GetProperty("properties").EnumerateObject();

        members.Where(member => member.Value.TryGetProperty("x-ms-primary-error-message", out var primary) && primary.GetBoolean())
            .ShouldHaveSingleItem().Name.ShouldBe("detail");
    }

    private static async Task<JsonElement> SchemasAsync() =>
        (await TestRun.Service.GetAsync("/openapi/v1.json")).ShouldBeOk().Json.GetProperty("components").GetProperty("schemas");

    private static IEnumerable<JsonElement> All(JsonElement element, string name) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(
            member => (member.Name == name ? [member.Value] : Enumerable.Empty<JsonElement>()).Concat(All(member.Value, name))),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(item => All(item, name)),
        _ => [],
    };
}
