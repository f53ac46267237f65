using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>An empty map, which PHP writes as an empty list.</summary>
public sealed class EmptyListValuesTests
{
    [TestCase("[]")]
    [TestCase("[ ]")]
    public async Task Create_with_an_empty_list_as_input_values_shows_an_empty_object(string list)
    {
        var project = new Project();

        var created = await project.CreateAsync(Values(list));
        var batch = await project.CreateBatchAsync([Values(list)]);

        created.Deployment.GetProperty("input_values").GetRawText().ShouldBe("{}");
        batch.Items.ShouldHaveSingleItem().GetProperty("input_values").GetRawText().ShouldBe("{}");
        (await project.GetAsync(created.Id)).Text.ShouldBe(created.Text);
    }

    [Test]
    public async Task Update_with_empty_lists_as_values_shows_empty_objects_and_changes_nothing_the_second_time()
    {
        var project = new Project();
        var id = (await project.CreateAsync(Values("""{"a": 1}"""))).Id;

        var changed = await project.UpdateAsync(id, """{"input_values": [], "output_values": []}""");
        var again = await project.UpdateAsync(id, """{"input_values": {}, "output_values": []}""");

        changed.Deployment.GetProperty("input_values").GetRawText().ShouldBe("{}");
        changed.Deployment.GetProperty("output_values").GetRawText().ShouldBe("{}");
        again.ShouldBeOk().EntityTag.ShouldBe(changed.EntityTag);
        (await project.ListEventsAsync(id)).Items.Count.ShouldBe(2);
    }

    [Test]
    public async Task Repeated_create_with_an_object_in_place_of_the_empty_list_is_the_same_request()
    {
        var project = new Project();

        var created = await project.CreateAsync(Values("[]"), ("Idempotency-Key", "k"));
        var repeated = await project.CreateAsync(Values("{}"), ("Idempotency-Key", "k"));

        repeated.Id.ShouldBe(created.Id);
    }

    [TestCase("[1]")]
    [TestCase("[[]]")]
    [TestCase("[{}]")]
    [TestCase("[null]")]
    public async Task Values_in_a_list_that_is_not_empty_are_refused_by_name(string list)
    {
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        (await project.CreateAsync(Values(list))).ShouldBeError(HttpStatusCode.BadRequest, "input_values");
        (await project.CreateBatchAsync([Project.Minimal, Values(list)]))
            .ShouldBeError(HttpStatusCode.BadRequest, "software_deployments[1].input_values");
        (await project.UpdateAsync(id, $$"""{"input_values": {{list}}}""")).ShouldBeError(HttpStatusCode.BadRequest, "input_values");
        (await project.UpdateAsync(id, $$"""{"output_values": {{list}}}""")).ShouldBeError(HttpStatusCode.BadRequest, "output_values");
    }

    private static string Values(string values) => $$"""{"config_id": "c", "server_id": "s", "input_values": {{values}}}""";
}
