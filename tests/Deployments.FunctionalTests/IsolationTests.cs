using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>
/// One project's token on all that another project has, by every operation that the service's own document lists: nothing is done, and
/// nothing can be learnt, not even whether it is there.
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
    public async Task Nothing_of_another_projects_can_be_had_and_it_looks_as_if_it_were_not_there()
    {
        var (theirs, ids) = await FillAsync();
        var before = await LookAsync(theirs, ids);
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
                        var answer = await ours.SendAsync(operation.Method, path, body, condition);
                        var ofNobodys = await ours.SendAsync(operation.Method, nobodys, body, condition);

                        Compared(answer, path).ShouldBe(Compared(ofNobodys, nobodys), $"{operation.Method} {path}");
                        if (path.Contains(theirs.Id, StringComparison.Ordinal) || operation.Template.Contains("{id}", StringComparison.Ordinal))
                        {
                            ((int)answer.Status).ShouldBeInRange(400, 404, $"{operation.Method} {path} {body}");
                        }

                        compared++;
                    }
                }
            }
        }

        compared.ShouldBeGreaterThan(500);
        (await LookAsync(theirs, ids)).ShouldBe(before);
    }

    [Test]
    public async Task Lists_and_filters_show_nothing_of_another_projects()
    {
        var (_, ids) = await FillAsync();
        var ours = new Project();
        var own = (await ours.CreateAsync(Project.Minimal)).Id;
        var ownConfig = (await ours.CreateConfigAsync("{}")).Id;

        foreach (var id in ids)
        {
            (await ours.ListAsync($"?config_id={id}")).Ids.ShouldBeEmpty();
            (await ours.GetMetadataAsync(id)).Items.ShouldBeEmpty();

            // A marker is a place in the order of all ids there can be: what follows does not depend on whose it is.
            (await ours.ListAsync($"?marker={id}")).Ids.ShouldBe([own]);
            (await ours.ListConfigsAsync($"?marker={id}")).Ids.ShouldBeEmpty();
        }

        (await ours.ListAsync($"?server_id={Server}")).Ids.ShouldBeEmpty();
        (await ours.GetMetadataAsync(Server)).Items.ShouldBeEmpty();
        (await ours.ListAsync()).Ids.ShouldBe([own]);
        (await ours.ListConfigsAsync()).Ids.ShouldBe([ownConfig]);
    }

    [Test]
    public async Task A_deployment_of_another_projects_config_shows_nothing_of_it()
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

    /// <summary>A project with one of everything, and the ids of all of it.</summary>
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

    /// <summary>The ways to what they have, each beside the same way to what nobody has: through our own path, and through theirs.</summary>
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

        // That they are there at all is nobody's business either.
        yield return (Path(theirs.Id, things[0]), Path(Guid.NewGuid().ToString("N"), things[0]));

        string Path(string project, string thing) => operation.Template
            .Replace("{project_id}", project, StringComparison.Ordinal)
            .Replace("{id}", thing, StringComparison.Ordinal)
            .Replace("{server_id}", thing, StringComparison.Ordinal);
    }

    /// <summary>All of an answer but what differs from one request to the next: its id, and the time, id and tag of what it created in our own project.</summary>
    private static string Compared(ApiResponse answer, string path)
    {
        var created = answer.Status == HttpStatusCode.OK && answer.Headers.ContainsKey("Location");
        string[] varying = [ApiResponse.RequestIdHeader, "Date", "Location", .. created ? ["ETag"] : Array.Empty<string>()];
        var text = created
            ? "created"
            : answer.Text.Replace(answer.RequestId, "REQUEST", StringComparison.Ordinal);
        var headers = answer.Headers
            .Where(header => !varying.Contains(header.Key))
            .OrderBy(header => header.Key, StringComparer.Ordinal)
            .Select(header => $"{header.Key}: {header.Value}");
        var known = path.Split('/').Where(part => part.Length >= Server.Length);
        return known.Aggregate(
            $"{answer.Status}\n{string.Join('\n', headers)}\n{(path.EndsWith("software_deployments", StringComparison.Ordinal) || path.EndsWith("software_configs", StringComparison.Ordinal) ? Summary(answer, text) : text)}",
            (all, part) => all.Replace(part, "PART", StringComparison.Ordinal));
    }

    // Our own lists grow as we create: they hold what is ours, which another test looks at.
    private static string Summary(ApiResponse answer, string text) => answer.Status == HttpStatusCode.OK ? "ours" : text;

    private static async Task<string> LookAsync(Project project, IReadOnlyList<string> ids)
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
