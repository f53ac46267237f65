using System.Net;
using System.Text;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>A request with an idempotency key creates once, also on several instances and at the same time.</summary>
public sealed class IdempotencyTests
{
    private const string Header = "Idempotency-Key";
    private const string Replayed = "Idempotent-Replayed";
    private const string Full =
        """
        {"config_id": "c", "server_id": "s", "action": "CREATE", "input_values": {"b": 1.0, "a": [null]}, "status": "IN_PROGRESS",
         "status_reason": "why", "stack_user_project_id": "other", "timeout": 600}
        """;

    private static readonly (string Name, string Value) Key = (Header, "a-key");

    private static IEnumerable<TestCaseData> OtherBodies =>
        from change in new[]
        {
            ("config_id", "\"c\"", "\"d\""), ("server_id", "\"s\"", "\"t\""), ("action", "CREATE", "UPDATE"), ("values", "1.0", "1.00"),
            ("order of values", "\"b\": 1.0, \"a\": [null]", "\"a\": [null], \"b\": 1.0"), ("status", "IN_PROGRESS", "COMPLETE"),
            ("status_reason", "why", "because"), ("second project", "other", "another"), ("timeout", "600", "601"),
        }
        select new TestCaseData(Full.Replace(change.Item2, change.Item3, StringComparison.Ordinal)).SetArgDisplayNames(change.Item1);

    [Test]
    public async Task Create_with_a_used_key_stores_nothing_and_returns_the_created_deployment()
    {
        var project = new Project();

        var first = await project.CreateAsync(Full, Key);
        var second = await project.CreateAsync(Full, Key);

        first.ShouldBeOk().Headers.ShouldNotContainKey(Replayed);
        second.ShouldBeOk().Text.ShouldBe(first.Text);
        second.Headers[Replayed].ShouldBe("true");
        second.Headers["Location"].ShouldBe(first.Headers["Location"]);
        second.EntityTag.ShouldBe(first.EntityTag);
        await ShouldHaveStoredAsync(project, 1);
    }

    [Test]
    public async Task Create_with_two_keys_returns_400()
    {
        var project = new Project();

        // HTTP clients combine repeated headers into one.
        var response = await RawHttp.SendAsync(
            TestRun.Service,
            Encoding.ASCII.GetBytes(
                $"POST {project.Path} HTTP/1.1\r\nHost: a\r\nX-Auth-Token: {project.Token}\r\nContent-Type: application/json\r\n"
                + $"Content-Length: {Project.Minimal.Length}\r\n{Header}: one\r\n{Header}: two\r\n"),
            Encoding.ASCII.GetBytes(Project.Minimal));

        response.ShouldNotBeNull().ShouldBeError(HttpStatusCode.BadRequest, Header).Text.ShouldContain("more than once");
        await ShouldHaveStoredAsync(project, 0);
    }

    [Test]
    public async Task Create_with_a_used_key_returns_the_deployment_as_updated_since()
    {
        var project = new Project();
        var created = await project.CreateAsync(Project.Minimal, Key);
        var changed = await project.UpdateAsync(created.Id, """{"status": "COMPLETE", "output_values": {"a": 1} }""");

        var repeated = await project.CreateAsync(Project.Minimal, Key);

        repeated.ShouldBeOk().Text.ShouldBe(changed.Text);
        repeated.EntityTag.ShouldBe(changed.EntityTag);
    }

    [Test]
    public async Task Create_with_a_used_key_and_an_equivalent_body_returns_the_created_deployment()
    {
        var project = new Project();
        var created = await project.CreateAsync("""{"config_id": "c", "server_id": "s", "input_values": {"a": 1} }""", Key);

        var repeated = await project.CreateAsync(
            """{"server_id":"s","input_values":{"a":1},"config_id":"\u0063","action":null,"tenant_id":7}""", Key);

        repeated.Id.ShouldBe(created.Id);
    }

    [TestCaseSource(nameof(OtherBodies))]
    public async Task Create_with_a_used_key_and_another_body_returns_409(string other)
    {
        var project = new Project();
        var created = await project.CreateAsync(Full, Key);

        (await project.CreateAsync(other, Key)).ShouldBeError(HttpStatusCode.Conflict);

        (await project.CreateAsync(Full, Key)).Id.ShouldBe(created.Id);
        await ShouldHaveStoredAsync(project, 1);
    }

    [Test]
    public async Task Create_with_a_key_used_by_another_project_stores_a_deployment()
    {
        var (project, another) = (new Project(), new Project());

        var created = await project.CreateAsync(Full, Key);
        var others = await another.CreateAsync(Project.Minimal, Key);

        others.Id.ShouldNotBe(created.Id);
        others.Headers.ShouldNotContainKey(Replayed);
    }

    [Test]
    public async Task Create_with_keys_that_differ_in_one_character_stores_each()
    {
        var project = new Project();

        foreach (var key in new[] { "key", "Key", "key,", "\"key\"", "!", "~", new string('k', 255) })
        {
            (await project.CreateAsync(Project.Minimal, (Header, key))).ShouldBeOk().Headers.ShouldNotContainKey(Replayed);
            (await project.CreateAsync(Project.Minimal, (Header, key))).ShouldBeOk().Headers.ShouldContainKey(Replayed);
        }

        await ShouldHaveStoredAsync(project, 7);
    }

    [TestCase("")]
    [TestCase(" ")]
    [TestCase("a b")]
    [TestCase("a\tb")]
    [TestCase("256")]
    public async Task Create_with_an_invalid_key_returns_400(string key)
    {
        var project = new Project();
        var header = (Header, key == "256" ? new string('k', 256) : key);

        (await project.CreateAsync(Project.Minimal, header)).ShouldBeError(HttpStatusCode.BadRequest, Header);
        (await project.CreateBatchAsync([Project.Minimal], header)).ShouldBeError(HttpStatusCode.BadRequest, Header);

        await ShouldHaveStoredAsync(project, 0);
    }

    [Test]
    public async Task Create_that_returns_400_does_not_use_its_key()
    {
        var project = new Project();
        (await project.CreateAsync("{}", Key)).ShouldBeError(HttpStatusCode.BadRequest, "config_id", "server_id");

        (await project.CreateAsync(Project.Minimal, Key)).ShouldBeOk().Headers.ShouldNotContainKey(Replayed);
    }

    [Test]
    public async Task Create_with_the_key_of_a_deleted_deployment_stores_a_new_one()
    {
        var project = new Project();
        var first = await project.CreateAsync(Full, Key);
        (await project.DeleteAsync(first.Id)).ShouldBeGone();

        var second = await project.CreateAsync(Project.Minimal, Key);

        second.ShouldBeOk().Headers.ShouldNotContainKey(Replayed);
        second.Id.ShouldNotBe(first.Id);
    }

    [Test]
    public async Task Create_whose_key_is_used_by_a_deployment_that_is_being_deleted_returns_it_or_stores_a_new_one()
    {
        var project = new Project();
        for (var round = 0; round < 50; round++)
        {
            var key = (Header, $"key-{round}");
            var created = await project.CreateAsync(Project.Minimal, key);

            var deletion = project.DeleteAsync(created.Id);
            var replays = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => project.CreateAsync(Project.Minimal, key)));

            (await deletion).Status.ShouldBe(HttpStatusCode.NoContent);
            replays.ShouldAllBe(response => response.Status == HttpStatusCode.OK);
            replays.Select(response => response.Id).Where(id => id != created.Id).Distinct().Count().ShouldBeLessThan(2);
        }
    }

    [Test]
    public async Task Create_batch_with_a_used_key_returns_the_created_deployments_in_order()
    {
        var project = new Project();
        string[] elements = [Project.Minimal, Full, Project.Minimal];
        var created = await project.CreateBatchAsync(elements, Key);
        var changed = await project.UpdateAsync(created.Ids[1], """{"status": "COMPLETE"}""");

        var repeated = await project.CreateBatchAsync(elements, Key);

        created.Headers.ShouldNotContainKey(Replayed);
        repeated.Headers[Replayed].ShouldBe("true");
        repeated.Ids.ShouldBe(created.Ids);
        repeated.Items[1].GetRawText().ShouldBe(changed.Deployment.GetRawText());
        await ShouldHaveStoredAsync(project, 3, events: 4);
    }

    [Test]
    public async Task Create_with_the_key_of_another_batch_returns_409()
    {
        var project = new Project();
        await project.CreateBatchAsync([Project.Minimal, Project.Minimal], Key);

        (await project.CreateBatchAsync([Project.Minimal], Key)).ShouldBeError(HttpStatusCode.Conflict);
        (await project.CreateBatchAsync([Project.Minimal, Project.Minimal, Project.Minimal], Key)).ShouldBeError(HttpStatusCode.Conflict);
        (await project.CreateBatchAsync([Project.Minimal, Full], Key)).ShouldBeError(HttpStatusCode.Conflict);
        (await project.CreateAsync(Project.Minimal, Key)).ShouldBeError(HttpStatusCode.Conflict);

        await ShouldHaveStoredAsync(project, 2);
    }

    [Test]
    public async Task Create_batch_with_the_key_of_a_single_deployment_returns_409()
    {
        var project = new Project();
        await project.CreateAsync(Project.Minimal, Key);

        (await project.CreateBatchAsync([Project.Minimal], Key)).ShouldBeError(HttpStatusCode.Conflict);

        await ShouldHaveStoredAsync(project, 1);
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    public async Task Create_with_the_key_of_a_partly_deleted_batch_returns_409_until_all_are_deleted(int deleted)
    {
        var project = new Project();
        string[] elements = [Project.Minimal, Full, Project.Minimal];
        var created = await project.CreateBatchAsync(elements, Key);
        (await project.DeleteAsync(created.Ids[deleted])).ShouldBeGone();

        (await project.CreateBatchAsync(elements, Key)).ShouldBeError(HttpStatusCode.Conflict);
        (await project.CreateBatchAsync([elements[deleted]], Key)).ShouldBeError(HttpStatusCode.Conflict);
        (await project.CreateAsync(Project.Minimal, Key)).ShouldBeError(HttpStatusCode.Conflict);
        await ShouldHaveStoredAsync(project, 2);

        foreach (var id in created.Ids.Where(id => id != created.Ids[deleted]))
        {
            (await project.DeleteAsync(id)).ShouldBeGone();
        }

        (await project.CreateBatchAsync(elements, Key)).ShouldBeOk().Headers.ShouldNotContainKey(Replayed);
    }

    [Test]
    public async Task Concurrent_creates_with_the_same_key_store_one_and_all_return_it()
    {
        await using var second = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project();
        var elsewhere = new Project(second, project.Id);

        var responses = await Task.WhenAll(Enumerable.Range(0, 200).Select(n => (n % 2 == 0 ? project : elsewhere).CreateAsync(Full, Key)));

        responses.Select(response => response.ShouldBeOk().Text).Distinct().ShouldHaveSingleItem();
        responses.Count(response => !response.Headers.ContainsKey(Replayed)).ShouldBe(1);
        await ShouldHaveStoredAsync(project, 1);
    }

    [Test]
    public async Task Concurrent_batches_with_the_same_key_store_one_and_all_return_it()
    {
        await using var second = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project();
        var elsewhere = new Project(second, project.Id);
        string[] elements = [.. Enumerable.Range(0, 50).Select(n => $$"""{"config_id": "c", "server_id": "{{n}}"}""")];

        var responses = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(n => (n % 2 == 0 ? project : elsewhere).CreateBatchAsync(elements, Key)));

        responses.Select(response => response.ShouldBeOk().Text).Distinct().ShouldHaveSingleItem();
        responses.Count(response => !response.Headers.ContainsKey(Replayed)).ShouldBe(1);
        await ShouldHaveStoredAsync(project, 50);
    }

    [Test]
    public async Task Concurrent_creates_with_the_same_key_and_different_bodies_return_200_once_and_409_otherwise()
    {
        var project = new Project();

        var responses = await Task.WhenAll(Enumerable.Range(0, 50).Select(
            n => project.CreateAsync($$"""{"config_id": "c", "server_id": "{{n}}"}""", Key)));

        responses.Count(response => response.Status == HttpStatusCode.OK).ShouldBe(1);
        responses.Count(response => response.Status == HttpStatusCode.Conflict).ShouldBe(49);
        await ShouldHaveStoredAsync(project, 1);
    }

    [Test]
    public async Task Create_whose_database_response_is_lost_is_not_reported_as_a_replay()
    {
        await using var proxy = new Proxy(TestRun.ConnectionString);
        proxy.Open();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        (await project.CreateAsync(Project.Minimal)).ShouldBeOk();

        proxy.LoseNextResponse();
        var single = await project.CreateAsync(Full, Key);
        proxy.LostResponses.ShouldBe(1);
        proxy.LoseResponseTo("INSERT INTO software_deployments");
        var batch = await project.CreateBatchAsync([Full, Full], (Header, "another"));
        proxy.LostResponses.ShouldBe(2);
        proxy.LoseResponseTo("COMMIT\0");
        var committed = await project.CreateBatchAsync([Full, Full], (Header, "third"));

        proxy.LostResponses.ShouldBe(3);
        foreach (var response in new[] { single, batch, committed })
        {
            response.ShouldBeOk().Headers.ShouldNotContainKey(Replayed);
        }

        await ShouldHaveStoredAsync(project, 6);
    }

    [Test]
    public async Task Create_with_a_used_key_returns_200_after_its_config_was_deleted()
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString,
            new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:ConfigReferences"] = "Known" });
        var project = new Project(service);
        var (former, latter) = ((await project.CreateConfigAsync("{}")).Id, (await project.CreateConfigAsync("{}")).Id);
        var body = $$"""{"config_id": "{{former}}", "server_id": "s"}""";
        var created = await project.CreateAsync(body, Key);
        (await project.UpdateAsync(created.Id, $$"""{"config_id": "{{latter}}"}""")).ShouldBeOk();
        (await project.DeleteConfigAsync(former)).ShouldBeGone();

        var repeated = await project.CreateAsync(body, Key);

        repeated.Id.ShouldBe(created.Id);
        repeated.Headers[Replayed].ShouldBe("true");
        (await project.CreateAsync(Full, Key)).ShouldBeError(HttpStatusCode.Conflict);
        (await project.CreateAsync(body, (Header, "another"))).ShouldBeError(HttpStatusCode.BadRequest, "config_id");
    }

    private static async Task ShouldHaveStoredAsync(Project project, int deployments, int? events = null)
    {
        (await project.CountStoredAsync()).ShouldBe(deployments);
        (await project.CountStoredEventsAsync()).ShouldBe(events ?? deployments);
    }
}
