using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The configs that a server's agent applies.</summary>
public sealed class MetadataTests
{
    private const string None = """{"metadata":[]}""";

    private static IEnumerable<TestCaseData> ServerIds =>
    [
        new("a server", "a%20server"),
        new("a/b", "a/b"),
        new("a/b", "a%2Fb"),
        new("a/b", "a%2fb"),
        new("a%2Fb", "a%252Fb"),
        new("a/b/c/", "a/b%2Fc/"),
        new("a/", "a/"),
        new("/a", "/a"),
        new("//", "//"),
        new("a//b", "a//b"),
        new("日本é\U0001F680", "%E6%97%A5%E6%9C%AC%C3%A9%F0%9F%9A%80"),
        new("a+b", "a+b"),
        new("a+b", "a%2Bb"),
        new("a?b#c", "a%3Fb%23c"),
        new("a;b=c&d:@e", "a;b=c&d:@e"),
        new(" a ", "%20a%20"),
        new("a.b.json", "a.b.json"),
        new("...", "..."),
        new("a/../b", "a/../b"),
        new("a/./b/..", "a/%2E/b/%2e%2e"),
        new("100%", "100%25"),
        new("metadata/a", "metadata/a"),
        new("x/software_deployments/metadata/y", "x/software_deployments/metadata/y"),
        new("events", "events"),
    ];

    [Test]
    public async Task Metadata_returns_the_config_of_each_deployment_by_name_then_creation()
    {
        var project = new Project();
        string[] names = ["null", "\"\"", "\"B\"", "\"a\"", "\"a b\"", "\"b\"", "\"é\"", "\"\U0001F680\""]; // in the order of their bytes
        var configs = new Dictionary<string, ApiResponse>();
        foreach (var name in names.Reverse())
        {
            configs[name] = await project.CreateConfigAsync($$"""{"name": {{name}}, "config": {{name}} }""");
        }

        var twice = await project.CreateConfigAsync("""{"name": "a", "config": "deployed first and second of its name"}""");
        var order = new[] { twice, twice }.Concat(names.Select(name => configs[name]).Reverse()).Append(configs["null"]);
        (await project.CreateBatchAsync(order.Select(config => Deploying(config.Id, "s")))).ShouldBeOk();
        await project.CreateAsync(Deploying(twice.Id, "another"));

        var metadata = await project.GetMetadataAsync("s");

        metadata.ShouldBeOk().Json.EnumerateObject().Select(member => member.Name).ShouldBe(["metadata"]);
        metadata.Items.Select(item => item.GetRawText()).ShouldBe(
            new[]
            {
                configs["null"], configs["null"], configs["\"\""], configs["\"B\""], twice, twice, configs["\"a\""],
                configs["\"a b\""], configs["\"b\""], configs["\"é\""], configs["\"\U0001F680\""],
            }.Select(config => config.Config.GetRawText()));
    }

    [Test]
    public async Task Metadata_includes_deployments_in_every_status()
    {
        var project = new Project();
        var config = (await project.CreateConfigAsync("{}")).Id;
        await project.CreateBatchAsync(new[] { "COMPLETE", "IN_PROGRESS", "FAILED" }.Select(
            status => $$"""{"config_id": "{{config}}", "server_id": "s", "status": "{{status}}"}"""));

        (await project.GetMetadataAsync("s")).Ids.ShouldBe([config, config, config]);
    }

    [Test]
    public async Task Metadata_reflects_updated_and_deleted_deployments()
    {
        var project = new Project();
        var first = (await project.CreateConfigAsync("{}")).Id;
        var second = (await project.CreateConfigAsync("{}")).Id;
        var deployment = (await project.CreateAsync(Deploying(first, "s"))).Id;

        (await project.GetMetadataAsync("s")).Ids.ShouldBe([first]);
        await project.UpdateAsync(deployment, $$"""{"config_id": "{{second}}"}""");
        (await project.GetMetadataAsync("s")).Ids.ShouldBe([second]);
        await project.DeleteAsync(deployment);
        (await project.GetMetadataAsync("s")).Text.ShouldBe(None);
    }

    [Test]
    public async Task Metadata_omits_configs_that_do_not_exist()
    {
        var project = new Project();
        var existing = (await project.CreateConfigAsync("{}")).Id;
        string[] configs =
        [
            Guid.CreateVersion7().ToString(), "no UUID", $"{{{existing}}}", existing.ToUpperInvariant(), existing + " ",
            existing.Replace("-", string.Empty, StringComparison.Ordinal), existing + "\\n", existing,
        ];
        (await project.CreateBatchAsync(configs.Select(config => Deploying(config, "s")))).ShouldBeOk();

        (await project.GetMetadataAsync("s")).Ids.ShouldBe([existing]);
    }

    [Test]
    public async Task Metadata_of_a_server_without_deployments_is_empty()
    {
        var project = new Project();
        var config = (await project.CreateConfigAsync("{}")).Id;
        await project.CreateAsync(Deploying(config, "a server"));

        foreach (var server in new[] { "unknown", "a%20Server", "a", "a%20server%20" })
        {
            (await project.GetMetadataAsync(server)).ShouldBeOk().Text.ShouldBe(None);
        }
    }

    [TestCaseSource(nameof(ServerIds))]
    public async Task Metadata_decodes_the_server_id_once(string serverId, string inPath)
    {
        var project = new Project();
        var config = (await project.CreateConfigAsync("{}")).Id;
        (await project.CreateAsync(Deploying(config, serverId))).ShouldBeOk();

        (await project.GetMetadataAsync(inPath)).Ids.ShouldBe([config]);
        (await project.GetMetadataAsync($"{inPath}?limit=1&x=%ff")).Ids.ShouldBe([config]);
    }

    [TestCase("metadata")]
    [TestCase("software_deployments")]
    public async Task Metadata_of_a_project_named_like_a_path_segment_returns_its_configs(string name)
    {
        var project = new Project(id: name);
        var server = Guid.NewGuid().ToString();
        var config = (await project.CreateConfigAsync("{}")).Id;
        (await project.CreateAsync(Deploying(config, server))).ShouldBeOk();

        (await project.GetMetadataAsync(server)).Ids.ShouldBe([config]);
    }

    [Test]
    public async Task Metadata_path_with_encoded_letters_is_the_same_path()
    {
        var project = new Project();
        var config = (await project.CreateConfigAsync("{}")).Id;
        await project.CreateAsync(Deploying(config, "a%2Fb"));

        var response = await project.SendAsync(HttpMethod.Get, $"/v1/{project.Id}/software_deployments/%6Detadata/a%252Fb");

        response.Ids.ShouldBe([config]);
    }

    [TestCase("metadata")]
    [TestCase("metadata/")]
    public async Task Metadata_without_a_server_id_returns_404(string path)
    {
        var project = new Project();

        (await project.SendAsync(HttpMethod.Get, $"{project.Path}/{path}")).ShouldBeError(HttpStatusCode.NotFound);
    }

    [TestCase("%ff")]
    [TestCase("a%C3")]
    [TestCase("%ED%A0%80")]
    public async Task Metadata_with_a_server_id_that_is_not_UTF_8_returns_400(string serverId)
    {
        (await new Project().GetMetadataAsync(serverId)).ShouldBeError(HttpStatusCode.BadRequest, "path");
    }

    [Test]
    public async Task Path_with_NUL_returns_400()
    {
        var project = new Project();

        string[] paths =
            [$"{project.Path}/metadata/a%00", $"{project.Path}/%00", $"{project.ConfigsPath}/%00", "/v1/%00/software_configs"];
        foreach (var path in paths)
        {
            (await project.SendAsync(HttpMethod.Get, path)).Status.ShouldBe(HttpStatusCode.BadRequest, path);
        }
    }

    [Test]
    public async Task Metadata_returns_shared_deployments_to_the_second_project_and_nothing_to_a_third()
    {
        // As under Heat, for those who ask for it.
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:SharedMetadata"] = "true" });
        var owner = new Project(service);
        var second = new Project(service);
        var config = await owner.CreateConfigAsync("""{"name": "b"}""");
        var own = await second.CreateConfigAsync("""{"name": "a"}""");
        await owner.CreateAsync($$"""{"config_id": "{{config.Id}}", "server_id": "s", "stack_user_project_id": "{{second.Id}}"}""");
        await owner.CreateAsync(Deploying(config.Id, "s"));
        await second.CreateAsync(Deploying(own.Id, "s"));

        (await second.GetMetadataAsync("s")).Items.Select(item => item.GetRawText())
            .ShouldBe([own.Config.GetRawText(), config.Config.GetRawText()]);
        (await owner.GetMetadataAsync("s")).Ids.ShouldBe([config.Id, config.Id]);
        (await new Project().GetMetadataAsync("s")).Text.ShouldBe(None);
    }

    [Test]
    public async Task Metadata_has_no_config_that_another_project_applies_to_one_of_this_projects_servers()
    {
        var victim = new Project();
        var attacker = new Project();
        var script = await attacker.CreateConfigAsync("""{"group": "script", "config": "#!/bin/sh\nrm -rf /"}""");
        var own = await victim.CreateConfigAsync("{}");
        await victim.CreateAsync(Deploying(own.Id, "s"));
        var shared = await attacker.CreateAsync(
            $$"""{"config_id": "{{script.Id}}", "server_id": "s", "stack_user_project_id": "{{victim.Id}}"}""");

        (await victim.GetMetadataAsync("s")).Ids.ShouldBe([own.Id]);
        (await victim.GetAsync(shared.Id)).ShouldBeOk();
        (await attacker.GetMetadataAsync("s")).Ids.ShouldBe([script.Id]);
    }

    [Test]
    public async Task Metadata_of_more_deployments_than_one_query_returns_is_whole_and_in_order()
    {
        var project = new Project();
        var named = (await project.CreateConfigAsync("""{"name": "b"}""")).Id;
        var nameless = (await project.CreateConfigAsync("{}")).Id;
        var deployments = Enumerable.Range(0, 600).SelectMany(_ => new[] { Deploying(named, "s"), Deploying(nameless, "s") }).ToList();
        await project.CreateBatchAsync(deployments.Take(1_000));
        await project.CreateBatchAsync(deployments.Skip(1_000));

        (await project.GetMetadataAsync("s")).Ids.ShouldBe([.. Enumerable.Repeat(nameless, 600), .. Enumerable.Repeat(named, 600)]);
    }

    [Test]
    public async Task Metadata_returns_a_deployment_shared_with_its_own_project_once()
    {
        var project = new Project();
        var config = (await project.CreateConfigAsync("{}")).Id;
        await project.CreateAsync($$"""{"config_id": "{{config}}", "server_id": "s", "stack_user_project_id": "{{project.Id}}"}""");

        (await project.GetMetadataAsync("s")).Ids.ShouldBe([config]);
    }

    [Test]
    public async Task Metadata_omits_configs_of_another_project()
    {
        var victim = new Project();
        var thief = new Project();
        var config = (await victim.CreateConfigAsync("""{"config": "a secret"}""")).Id;
        await thief.CreateAsync(Deploying(config, "s"));
        await thief.CreateAsync($$"""{"config_id": "{{config}}", "server_id": "s", "stack_user_project_id": "{{victim.Id}}"}""");

        (await thief.GetMetadataAsync("s")).ShouldBeOk().Text.ShouldBe(None);
        (await victim.GetMetadataAsync("s")).ShouldBeOk().Text.ShouldBe(None);
    }

    /// <summary>One statement reads the ids, and each of the others the next eight configs: with a megabyte each, more would be too much at once.</summary>
    [TestCase(1, 2)]
    [TestCase(8, 2)]
    [TestCase(10, 3)]
    public async Task Metadata_of_100_deployments_reads_each_config_once(int configs, int statementsSent)
    {
        var project = new Project();
        var ids = new List<string>();
        for (var i = 0; i < configs; i++)
        {
            ids.Add((await project.CreateConfigAsync($$"""{"name": "{{i}}"}""")).Id);
        }

        await project.CreateBatchAsync(Enumerable.Range(0, 100).Select(number => Deploying(ids[number % ids.Count], "s")));
        using var statements = new Statements();

        var response = await project.SendAsync(HttpMethod.Get, $"{project.Path}/metadata/s", null, statements.Trace);

        response.Ids.ShouldBe(Enumerable.Range(0, 100).GroupBy(number => ids[number % ids.Count]).SelectMany(one => one.Select(_ => one.Key)));
        statements.Captured.Count.ShouldBe(statementsSent);
    }

    [Test]
    public async Task Metadata_of_unnamed_configs_is_in_the_order_of_their_deployments()
    {
        var project = new Project();
        var ids = new List<string>();
        for (var i = 0; i < 20; i++)
        {
            ids.Add((await project.CreateConfigAsync("{}")).Id);
        }

        var applied = Enumerable.Range(0, 100).Select(number => ids[number * 7 % ids.Count]).ToList();
        await project.CreateBatchAsync(applied.Select(config => Deploying(config, "s")));

        (await project.GetMetadataAsync("s")).Ids.ShouldBe(applied);
    }

    private static string Deploying(string config, string server) => $$"""{"config_id": "{{config}}", "server_id": "{{server}}"}""";
}
