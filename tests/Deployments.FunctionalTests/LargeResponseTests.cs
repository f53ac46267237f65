using System.Net;
using System.Net.Sockets;
using System.Text;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The responses to large batches: read as they are sent, complete or broken off, and within a bound for each project.</summary>
public sealed class LargeResponseTests
{
    // Together more than a batch may hold unless it is read in chunks, and more than the buffers of a connection.
    private const int Count = 1_000;

    private static readonly (string Name, string Value) Key = ("Idempotency-Key", "a-key");

    private static readonly string Batch =
        $$"""{"software_deployments": [{{string.Join(',', Enumerable.Repeat(
            $$"""{"config_id": "c", "server_id": "s", "input_values": {"a": "{{new string('x', 15_000)}}"} }""", Count))}}]}""";

    [Test]
    public async Task Create_batch_again_with_its_key_returns_all_in_order_and_reads_them_in_chunks()
    {
        var project = new Project();
        var created = await project.SendAsync(HttpMethod.Post, $"{project.Path}/batch", Batch, Key);
        using var statements = new Statements();

        var repeated = await project.SendAsync(HttpMethod.Post, $"{project.Path}/batch", Batch, [Key, statements.Trace]);

        repeated.ShouldBeOk().Headers["Idempotent-Replayed"].ShouldBe("true");
        repeated.Ids.Count.ShouldBe(Count);
        repeated.Text.ShouldBe(created.Text);
        statements.Captured.Count.ShouldBeGreaterThan(10, "More than 1.5 MB came at once.");
    }

    [Test]
    public async Task Create_batch_again_while_a_deployment_is_deleted_breaks_off()
    {
        var project = new Project();
        var ids = (await project.SendAsync(HttpMethod.Post, $"{project.Path}/batch", Batch, Key)).Ids;
        using var client = await PostUnreadAsync(TestRun.Service, project, Key);
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
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project(service);
        var clients = new List<TcpClient>();
        for (var number = 0; number < 4; number++)
        {
            clients.Add(await PostUnreadAsync(service, project));
            await clients[^1].GetStream().ReadExactlyAsync(new byte[1]);
        }

        var more = await project.SendAsync(HttpMethod.Post, $"{project.Path}/batch", Batch);
        var small = await project.CreateAsync(Project.Minimal);
        var other = new Project(service);
        var others = await other.SendAsync(HttpMethod.Post, $"{other.Path}/batch", Batch);

        more.ShouldBeError(HttpStatusCode.ServiceUnavailable).Headers.ShouldContainKey("Retry-After");
        small.ShouldBeOk();
        others.ShouldBeOk();
        clients.ForEach(client => client.Dispose());
    }

    /// <summary>Posts the batch and reads nothing of the response.</summary>
    private static async Task<TcpClient> PostUnreadAsync(Service service, Project project, params (string Name, string Value)[] headers)
    {
        var client = new TcpClient { ReceiveBufferSize = 32 * 1024 };
        await client.ConnectAsync(service.Address.Host, service.Address.Port);
        var more = string.Concat(headers.Select(header => $"{header.Name}: {header.Value}\r\n"));
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {project.Path}/batch HTTP/1.1\r\nHost: a\r\nX-Auth-Token: {project.Token}\r\n{more}"
            + $"Content-Type: application/json\r\nContent-Length: {Batch.Length}\r\nConnection: close\r\n\r\n{Batch}"));
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
}
