using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>
/// One project's token on all resources of another project, for every operation of the OpenAPI document: nothing changes, and the
/// response does not reveal whether the resource exists.
/// </summary>
public sealed class IsolationTests
{
    private const string Server = "a-server-of-theirs";

    private static readonly string?[] NoBody = [null];

    private static readonly string?[] Bodies =
    [
        "{}",
        """{"status": "COMPLETE"}""",
        """{"output_values": {"a": 1}}""",
        """{"config_id": "c", "server_id": "s"}""",
    ];

    private static readonly (string Name, string Value)[][] Conditions =
    [
        [], [("If-Match", "*")], [("If-Match", "\"1\"")], [("If-Match", "\"77\"")], [("If-None-Match", "*")], [("If-None-Match", "\"1\"")],
    ];

    [Test]
    public async Task Requests_for_another_projects_resources_return_the_same_as_for_nonexistent_ones()
    {
        var (theirs, ids) = await FillAsync();
        var before = await ReadAllAsync(theirs, ids);
        var ours = new Project();
        var compared = 0;

        foreach (var operation in await Operation.ListAsync())
        {
            foreach (var (path, nobodys) in PathsOf(operation, theirs, ours, ids))
            {
                foreach (var body in operation.Method == HttpMethod.Post || operation.Method == HttpMethod.Put ? Bodies : NoBody)
                {
                    foreach (var condition in Conditions)
                    {
                        var response = await ours.SendAsync(operation.Method, path, body, condition);
                        var toNonexistent = await ours.SendAsync(operation.Method, nobodys, body, condition);

                        Compared(response, path).ShouldBe(Compared(toNonexistent, nobodys), $"{operation.Method} {path}");
                        if (path.Contains(theirs.Id, StringComparison.Ordinal) || operation.Template.Contains("{id}", StringComparison.Ordinal))
                        {
                            ((int)response.Status).ShouldBeInRange(400, 404, $"{operation.Method} {path} {body}");
                        }

                        compared++;
                    }
                }
            }
        }

        compared.ShouldBeGreaterThan(500);
        (await ReadAllAsync(theirs, ids)).ShouldBe(before);
    }

    [Test]
    public async Task Lists_and_filters_return_nothing_of_another_project()
    {
        var (_, ids) = await FillAsync();
        var ours = new Project();
        var own = (await ours.CreateAsync(Project.Minimal)).Id;
        var ownConfig = (await ours.CreateConfigAsync("{}")).Id;

        foreach (var id in ids)
        {
            (await ours.ListAsync($"?config_id={id}")).Ids.ShouldBeEmpty();
            (await ours.GetMetadataAsync(id)).Items.ShouldBeEmpty();

            // A marker is a position in the order of all possible ids: what follows does not depend on its project.
            (await ours.ListAsync($"?marker={id}")).Ids.ShouldBe([own]);
            (await ours.ListConfigsAsync($"?marker={id}")).Ids.ShouldBeEmpty();
        }

        (await ours.ListAsync($"?server_id={Server}")).Ids.ShouldBeEmpty();
        (await ours.GetMetadataAsync(Server)).Items.ShouldBeEmpty();
        (await ours.ListAsync()).Ids.ShouldBe([own]);
        (await ours.ListConfigsAsync()).Ids.ShouldBe([ownConfig]);
    }

    [Test]
    public async Task Metadata_of_deployments_that_refer_to_another_projects_config_is_empty()
    {
        var (theirs, ids) = await FillAsync();
        var ours = new Project();
        foreach (var id in ids.Append(Operation.NobodysId))
        {
            (await ours.CreateAsync($$"""{"config_id": "{{id}}", "server_id": "{{Server}}"}""")).ShouldBeOk();
        }

        (await ours.GetMetadataAsync(Server)).Items.ShouldBeEmpty();
        (await theirs.GetMetadataAsync(Server)).Items.ShouldHaveSingleItem();
    }

    /// <summary>A project with one resource of each kind, and their ids.</summary>
    private static async Task<(Project Project, IReadOnlyList<string> Ids)> FillAsync()
    {
        var project = new Project();
        var config = (await project.CreateConfigAsync("""{"name": "theirs", "config": "a secret"}""")).Id;
        var deployment = (await project.CreateAsync($$"""{"config_id": "{{config}}", "server_id": "{{Server}}"}""")).Id;
        var shared = (await project.CreateSharedAsync(new Project())).Id;
        var changed = (await project.CreateAsync(Project.Minimal)).Id;
        (await project.UpdateAsync(changed, """{"status": "FAILED"}""")).ShouldBeOk();
        return (project, [config, deployment, shared, changed]);
    }

    /// <summary>The paths to their resources, each with the same path to a nonexistent one: below our own project, and below theirs.</summary>
    private static IEnumerable<(string Path, string Nobodys)> PathsOf(
        Operation operation, Project theirs, Project ours, IReadOnlyList<string> ids)
    {
        var things = operation.Template switch
        {
            var template when template.Contains("{id}", StringComparison.Ordinal) => ids,
            var template when template.Contains("{server_id}", StringComparison.Ordinal) => [Server],
            _ => [string.Empty],
        };
        foreach (var project in new[] { ours, theirs })
        {
            foreach (var thing in things)
            {
                yield return (Path(project.Id, thing), Path(project.Id, Operation.NobodysId));
            }
        }

        // Whether the project exists is not revealed either.
        yield return (Path(theirs.Id, things[0]), Path(Guid.NewGuid().ToString("N"), things[0]));

        string Path(string project, string thing) => operation.Template
            .Replace("{project_id}", project, StringComparison.Ordinal)
            .Replace("{id}", thing, StringComparison.Ordinal)
            .Replace("{server_id}", thing, StringComparison.Ordinal);
    }

    /// <summary>The response without what differs between requests: the request id, and the time, id and tag of what it created in our own project.</summary>
    private static string Compared(ApiResponse response, string path)
    {
        var created = response.Status == HttpStatusCode.OK && response.Headers.ContainsKey("Location");
        string[] varying = [ApiResponse.RequestIdHeader, "Date", "Location", .. created ? ["ETag"] : Array.Empty<string>()];
        var text = created
            ? "created"
            : response.Text.Replace(response.RequestId, "REQUEST", StringComparison.Ordinal);
        var headers = response.Headers
            .Where(header => !varying.Contains(header.Key))
            .OrderBy(header => header.Key, StringComparer.Ordinal)
            .Select(header => $"{header.Key}: {header.Value}");
        var known = path.Split('/').Where(part => part.Length >= Server.Length);
        return known.Aggregate(
            $"{response.Status}\n{string.Join('\n', headers)}\n{(path.EndsWith("software_deployments", StringComparison.Ordinal) || path.EndsWith("software_configs", StringComparison.Ordinal) ? Summary(response, text) : text)}",
            (all, part) => all.Replace(part, "PART", StringComparison.Ordinal));
    }

    // Our own lists grow as we create; another test checks their content.
    private static string Summary(ApiResponse response, string text) => response.Status == HttpStatusCode.OK ? "ours" : text;

    private static async Task<string> ReadAllAsync(Project project, IReadOnlyList<string> ids)
    {
        var seen = new List<string> { (await project.ListAsync()).Text, (await project.ListConfigsAsync()).Text };
        foreach (var id in ids)
        {
            seen.Add((await project.GetAsync(id)).Status.ToString());
            seen.Add((await project.GetConfigAsync(id)).Status.ToString());
        }

        foreach (var id in (await project.ListAsync()).Ids)
        {
            seen.Add((await project.ListEventsAsync(id)).Text);
        }

        return string.Join('\n', seen);
    }
}
