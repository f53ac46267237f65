using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The second project may do with a deployment what its owner may; to others it does not exist.</summary>
public sealed class SharedDeploymentTests
{
    private static readonly Dictionary<string, Func<Project, string, Task<ApiResponse>>> OperationsOnADeployment = new()
    {
        ["show"] = (project, id) => project.GetAsync(id),
        ["show if changed"] = (project, id) => project.GetAsync(id, null, ("If-None-Match", "*")),
        ["update"] = (project, id) => project.UpdateAsync(id, """{"status": "COMPLETE"}"""),
        ["update with nothing"] = (project, id) => project.UpdateAsync(id, "{}"),
        ["update on condition"] = (project, id) => project.UpdateAsync(id, "{}", ("If-Match", "\"1\"")),
        ["update on a condition that cannot hold"] = (project, id) => project.UpdateAsync(id, "{}", ("If-Match", "\"7\"")),
        ["update with a bad body"] = (project, id) => project.UpdateAsync(id, """{"status": "BANANA"}"""),
        ["delete"] = (project, id) => project.DeleteAsync(id),
        ["delete on condition"] = (project, id) => project.DeleteAsync(id, ("If-Match", "\"1\"")),
        ["delete on a condition that cannot hold"] = (project, id) => project.DeleteAsync(id, ("If-Match", "\"7\"")),
        ["events"] = (project, id) => project.ListEventsAsync(id),
        ["list after it"] = (project, id) => project.ListAsync($"?marker={id}"),
    };

    private static readonly Dictionary<string, Func<Project, string, Task<ApiResponse>>> OperationsOnAConfig = new()
    {
        ["show"] = (project, id) => project.GetConfigAsync(id),
        ["show if changed"] = (project, id) => project.GetConfigAsync(id, ("If-None-Match", "*")),
        ["delete"] = (project, id) => project.DeleteConfigAsync(id),
        ["list after it"] = (project, id) => project.ListConfigsAsync($"?marker={id}"),
        ["deployments that name it"] = (project, id) => project.ListAsync($"?config_id={id}"),
    };

    private static IEnumerable<string> NamesOfOperationsOnADeployment => OperationsOnADeployment.Keys;

    private static IEnumerable<string> NamesOfOperationsOnAConfig => OperationsOnAConfig.Keys;

    [Test]
    public async Task Shared_deployment_can_be_listed_read_updated_and_deleted_by_the_second_project()
    {
        var owner = new Project();
        var second = new Project();
        var created = await owner.CreateSharedAsync(second);

        (await second.ListAsync()).Ids.ShouldBe([created.Id]);
        (await second.GetAsync(created.Id)).ShouldBeOk().Text.ShouldBe(created.Text);
        var changed = await second.UpdateAsync(
            created.Id, """{"status": "COMPLETE", "output_values": {"a": 1} }""", ("If-Match", created.EntityTag));
        (await owner.GetAsync(created.Id)).ShouldBeOk().Text.ShouldBe(changed.ShouldBeOk().Text);
        (await second.ListEventsAsync(created.Id)).Items.Count.ShouldBe(2);
        (await second.DeleteAsync(created.Id, ("If-Match", changed.EntityTag))).ShouldBeGone();

        (await owner.GetAsync(created.Id)).ShouldBeError(HttpStatusCode.NotFound);
        (await owner.CountStoredAsync()).ShouldBe(0);
        (await owner.CountStoredEventsAsync()).ShouldBe(0);
    }

    [Test]
    public async Task Shared_deployment_deleted_by_the_owner_returns_404_to_the_second_project()
    {
        var owner = new Project();
        var second = new Project();
        var id = (await owner.CreateSharedAsync(second)).Id;

        (await owner.DeleteAsync(id)).ShouldBeGone();

        (await second.GetAsync(id)).ShouldBeError(HttpStatusCode.NotFound);
        (await second.ListAsync()).Items.ShouldBeEmpty();
    }

    [Test]
    public async Task Other_resources_of_the_owner_return_403_or_404_to_the_second_project()
    {
        var owner = new Project();
        var second = new Project();
        var unshared = (await owner.CreateAsync(Project.Minimal)).Id;
        var shared = (await owner.CreateSharedAsync(second)).Id;
        var config = (await owner.CreateConfigAsync("{}")).Id;

        (await second.ListAsync()).Ids.ShouldBe([shared]);
        (await second.GetAsync(unshared)).ShouldBeError(HttpStatusCode.NotFound);
        (await second.GetConfigAsync(config)).ShouldBeError(HttpStatusCode.NotFound);
        (await owner.GetAsync(shared, second.Token)).ShouldBeError(HttpStatusCode.Forbidden);
        (await owner.ListAsync()).Ids.ShouldBe([unshared, shared]);
    }

    [Test]
    public async Task Empty_second_project_shares_the_deployment_with_nobody()
    {
        var owner = new Project();

        var id = (await owner.CreateAsync("""{"config_id": "c", "server_id": "s", "stack_user_project_id": ""}""")).Id;

        (await owner.ListAsync()).Ids.ShouldBe([id]);
        (await new Project().GetAsync(id)).ShouldBeError(HttpStatusCode.NotFound);
    }

    [TestCaseSource(nameof(NamesOfOperationsOnADeployment))]
    public async Task Deployment_of_others_returns_the_same_as_one_that_does_not_exist(string operation)
    {
        var foreign = await new Project().CreateSharedAsync(new Project());

        await ShouldNotRevealAsync(foreign.Id, OperationsOnADeployment[operation]);
    }

    [TestCaseSource(nameof(NamesOfOperationsOnAConfig))]
    public async Task Config_of_others_returns_the_same_as_one_that_does_not_exist(string operation)
    {
        var owner = new Project();
        var unused = await owner.CreateConfigAsync("{}");
        var used = await owner.CreateConfigAsync("{}");
        await owner.CreateAsync($$"""{"config_id": "{{used.Id}}", "server_id": "s"}""");

        await ShouldNotRevealAsync(unused.Id, OperationsOnAConfig[operation]);
        await ShouldNotRevealAsync(used.Id, OperationsOnAConfig[operation]);
    }

    private static async Task ShouldNotRevealAsync(string foreign, Func<Project, string, Task<ApiResponse>> send)
    {
        var stranger = new Project();
        var unknown = Guid.CreateVersion7().ToString();

        var ofOthers = await send(stranger, foreign);
        var ofNobody = await send(stranger, unknown);

        ofOthers.Status.ShouldBe(ofNobody.Status);
        Masked(ofOthers, foreign).ShouldBe(Masked(ofNobody, unknown));
    }

    private static IEnumerable<string> Masked(ApiResponse response, string id) => response.Headers
        .Where(header => header.Key != "Date")
        .Select(header => $"{header.Key}: {header.Value}")
        .Append(response.Text)
        .Select(text => text
            .Replace(id, "ID", StringComparison.Ordinal)
            .Replace(response.RequestId, "REQUEST", StringComparison.Ordinal));
}
