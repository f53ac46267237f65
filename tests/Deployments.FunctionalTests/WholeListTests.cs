using System.Net;
using System.Net.Sockets;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>A list without a limit is complete, however long it is; an incomplete one is never mistaken for complete.</summary>
public sealed class WholeListTests
{
    // More than the service reads, and more than a batch may hold, at once.
    private const int Many = 1_200;

    [Test]
    public async Task List_deployments_without_a_limit_returns_1200_own_and_shared_deployments_in_order()
    {
        var project = new Project();
        var owner = new Project();
        var shared = $$"""{"config_id": "c", "server_id": "a server", "stack_user_project_id": "{{project.Id}}"}""";
        var ids = new List<string>();
        foreach (var (from, count) in new[] { (project, 499), (owner, 2), (project, 500), (owner, 199) })
        {
            ids.AddRange((await from.CreateBatchAsync(Enumerable.Repeat(from == owner ? shared : Project.Minimal, count))).Ids);
        }

        ids.Count.ShouldBe(Many);
        (await project.ListAsync()).Ids.ShouldBe(ids);
        (await project.ListAsync("?server_id=a%20server")).Ids.ShouldBe(ids);
        (await project.ListAsync($"?marker={ids[99]}")).Ids.ShouldBe(ids.Skip(100));
        (await project.ListAsync("?config_id=c")).Ids.ShouldBe((await owner.ListAsync()).Ids);
        (await project.ListAsync("?sort_dir=desc")).Ids.ShouldBe(ids.AsEnumerable().Reverse());
        (await project.ListAsync($"?sort_dir=desc&marker={ids[1_100]}")).Ids.ShouldBe(ids.Take(1_100).Reverse());
    }

    [TestCase(100)]
    [TestCase(101)]
    [TestCase(102)]
    [TestCase(303)]
    [TestCase(1_000)]
    public async Task List_deployments_around_the_read_size_returns_every_deployment(int count)
    {
        var project = new Project();
        var ids = (await project.CreateBatchAsync(Enumerable.Repeat(Project.Minimal, count))).Ids;

        (await project.ListAsync()).Ids.ShouldBe(ids);
    }

    [Test]
    public async Task List_deployments_with_large_values_reads_a_few_at_a_time_and_returns_every_deployment()
    {
        var project = new Project();
        await StoreAsync(project, [.. Enumerable.Repeat(10, 30), .. Enumerable.Repeat(600_000, 30), .. Enumerable.Repeat(10, 300)]);
        using var statements = new Statements();

        var whole = await project.SendAsync(HttpMethod.Get, project.Path, null, statements.Trace);

        whole.Ids.ShouldBe(whole.Ids.Order(StringComparer.Ordinal).Distinct());
        whole.Items.Select(item => item.GetProperty("input_values").GetProperty("a").GetString()!.Length).Count(length => length == 600_000)
            .ShouldBe(30);
        whole.Ids.Count.ShouldBe(360);
        statements.Captured.Count.ShouldBeGreaterThan(15, "More than two large values were read at once.");
    }

    [Test]
    public async Task List_deployments_by_pages_with_large_values_returns_full_pages_and_every_deployment(
        [Values(1, 7, 25, 150, 1_000)] int limit, [Values("asc", "desc")] string order)
    {
        var project = new Project();
        await StoreAsync(project, [.. Enumerable.Repeat(10, 10), .. Enumerable.Repeat(600_000, 10), .. Enumerable.Repeat(10, 140)]);
        var whole = (await project.ListAsync($"?sort_dir={order}")).Ids;

        var pages = new List<IReadOnlyList<string>>();
        for (var next = $"{project.Path}?limit={limit}&sort_dir={order}"; next is not null;)
        {
            var page = await project.SendAsync(HttpMethod.Get, next);
            pages.Add(page.Ids);
            next = page.Next;
        }

        pages.SelectMany(ids => ids).ShouldBe(whole);
        pages.Select(ids => ids.Count).ShouldBe(whole.Chunk(limit).Select(ids => ids.Length));
    }

    [Test]
    public async Task List_configs_without_a_limit_returns_1200_configs_newest_first()
    {
        var project = new Project();
        await using var insert = TestRun.Database.CreateCommand(
            """
            INSERT INTO software_configs (project_id, id, creation_time, name, inputs, outputs, options)
            SELECT $1, ('0197f3a0-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, now(), n, '[]', '[]', '{}'
            FROM generate_series(1, 1200) n
            """);
        insert.Parameters.Add(new() { Value = project.Id });
        await insert.ExecuteNonQueryAsync();

        (await project.ListConfigsAsync()).Items.Select(config => config.GetProperty("name").GetString())
            .ShouldBe(Enumerable.Range(1, Many).Reverse().Select(number => $"{number}"));
    }

    [Test]
    public async Task List_that_fails_after_the_first_byte_closes_the_connection()
    {
        await using var proxy = new Proxy(TestRun.ConnectionString);
        proxy.Open();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);
        var project = new Project(service);
        var large = $$"""{"config_id": "c", "server_id": "s", "input_values": {"a": "{{new string('x', 14_000)}}"} }""";
        await project.CreateBatchAsync(Enumerable.Repeat(large, 600));
        await project.CreateBatchAsync(Enumerable.Repeat(large, 600));

        // A slow reader leaves most of the list in the database.
        using var client = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectNarrowlyAsync });
        using var request = Requests.Make(HttpMethod.Get, service.Absolute(project.Path), ("X-Auth-Token", project.Token.ToString()));
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        var body = await response.Content.ReadAsStreamAsync();
        await body.ReadExactlyAsync(new byte[1]);

        using var soon = service.ShortenBudgets();
        proxy.Close();

        await Should.ThrowAsync<IOException>(() => body.CopyToAsync(Stream.Null));
    }

    [Test]
    public async Task List_that_fails_before_the_first_byte_returns_503()
    {
        await using var proxy = new Proxy(TestRun.ConnectionString);
        proxy.Open();
        await using var service = await Service.StartReadyAsync(proxy.ConnectionString);

        proxy.Close();
        using var soon = service.ShortenBudgets();
        var responses = await Task.WhenAll(new Project(service).ListAsync(), new Project(service).ListConfigsAsync());

        responses.ShouldAllBe(response => response.ShouldBeError(HttpStatusCode.ServiceUnavailable).Headers.ContainsKey("Retry-After"));
    }

    /// <summary>Stores deployments whose values have the given numbers of characters.</summary>
    private static async Task StoreAsync(Project project, params IEnumerable<int> lengths)
    {
        await using var insert = TestRun.Database.CreateCommand(
            """
            INSERT INTO software_deployments (project_id, id, config_id, server_id, input_values, status, creation_time, version)
            SELECT $1, ('0197f3a0-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'c', 's', json_build_object('a', repeat('x', length)),
                'COMPLETE', now(), 1
            FROM unnest($2) WITH ORDINALITY AS deployment (length, n)
            """);
        insert.Parameters.Add(new() { Value = project.Id });
        insert.Parameters.Add(new() { Value = lengths.ToArray() });
        await insert.ExecuteNonQueryAsync();
    }

    private static async ValueTask<Stream> ConnectNarrowlyAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 32 * 1024 };
        await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
