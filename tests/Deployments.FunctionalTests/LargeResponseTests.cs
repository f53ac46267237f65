using System.Net;
using System.Net.Sockets;
using System.Text;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The responses to large batches: read as they are sent, complete or broken off, and within a bound for each project.</summary>
[NonParallelizable]
public sealed class LargeResponseTests
{
    private static readonly (string Name, string Value) Key = ("Idempotency-Key", "a-key");

    [Test]
    public async Task Create_batch_again_with_its_key_returns_all_in_order_and_reads_them_in_chunks()
    {
        const int count = 300;
        var batch = Batch(count);
        var project = new Project();
        var created = (await project.SendAsync(HttpMethod.Post, $"{project.Path}/batch", batch, Key)).ShouldBeOk();
        using var statements = new Statements();

        var repeated = await project.SendAsync(HttpMethod.Post, $"{project.Path}/batch", batch, [Key, statements.Trace]);

        repeated.ShouldBeOk().Headers["Idempotent-Replayed"].ShouldBe("true");
        repeated.Ids.Count.ShouldBe(count);
        repeated.Text.ShouldBe(created.Text);
        statements.Captured.Count.ShouldBeGreaterThan(4, "More than 1 MiB came at once.");
    }

    [Test]
    public async Task Create_batch_again_while_a_deployment_is_deleted_breaks_off()
    {
        var batch = Batch(600);
        var project = new Project();
        var ids = (await project.SendAsync(HttpMethod.Post, $"{project.Path}/batch", batch, Key)).Ids;
        using var client = await PostUnreadAsync(TestRun.Service, project, batch, Key);
        var stream = client.GetStream();
        await stream.ReadExactlyAsync(new byte[1]);

        (await project.DeleteAsync(ids[^1])).ShouldBeGone();
        var rest = await ReadAsync(stream);

        rest.ShouldContain(ids[0]);
        rest.EndsWith("0\r\n\r\n", StringComparison.Ordinal).ShouldBeFalse("A response in chunks that ends so is complete.");
    }

    [Test]
    public async Task Create_batch_without_reading_the_responses_uses_up_the_share_of_its_project_alone()
    {
        var batch = Batch(1_000);
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project(service);
        var clients = new List<TcpClient>();
        for (var number = 0; number < 4; number++)
        {
            clients.Add(await PostUnreadAsync(service, project, batch));
            await clients[^1].GetStream().ReadExactlyAsync(new byte[1]);
        }

        var more = await project.SendAsync(HttpMethod.Post, $"{project.Path}/batch", batch);
        var small = await project.CreateAsync(Project.Minimal);
        var other = new Project(service);
        var others = await other.SendAsync(HttpMethod.Post, $"{other.Path}/batch", batch);

        more.ShouldBeError(HttpStatusCode.ServiceUnavailable).Headers.ShouldContainKey("Retry-After");
        small.ShouldBeOk();
        others.ShouldBeOk();
        clients.ForEach(client => client.Dispose());
    }

    /// <summary>Posts the batch and reads nothing of the response.</summary>
    private static async Task<TcpClient> PostUnreadAsync(Service service, Project project, string batch, params (string Name, string Value)[] headers)
    {
        var client = new TcpClient { ReceiveBufferSize = 32 * 1024 };
        await client.ConnectAsync(service.Address.Host, service.Address.Port);
        var more = string.Concat(headers.Select(header => $"{header.Name}: {header.Value}\r\n"));
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {project.Path}/batch HTTP/1.1\r\nHost: a\r\nX-Auth-Token: {project.Token}\r\n{more}"
            + $"Content-Type: application/json\r\nContent-Length: {batch.Length}\r\nConnection: close\r\n\r\n{batch}"));
        return client;
    }

    private static async Task<string> ReadAsync(Stream stream)
    {
        using var all = new MemoryStream();
        try
        {
            await stream.CopyToAsync(all).WaitAsync(Service.Timeout);
        }
        catch (IOException)
        {
            // Reset: what came of it counts.
        }

        return Encoding.UTF8.GetString(all.ToArray());
    }

    private static string Batch(int count) =>
        $$"""{"software_deployments": [{{string.Join(',', Enumerable.Repeat(
            $$"""{"config_id": "c", "server_id": "s", "input_values": {"a": "{{new string('x', 15_000)}}"} }""", count))}}]}""";
}
