using System.Net;
using System.Net.Sockets;
using System.Text;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>How much and how long a client may send, and that nothing of ours is told to those who send more.</summary>
public sealed class RequestLimitTests
{
    private const int MaxRequestLine = 8 * 1024;
    private const int MaxHeaders = 32 * 1024;
    private const int MaxHeaderCount = 100;

    [TestCase(MaxRequestLine, 404)]
    [TestCase(MaxRequestLine + 1, 414)]
    public async Task A_request_line_has_at_most_8_KiB(int bytes, int status)
    {
        const string start = "GET /v1/p/";
        const string end = " HTTP/1.1\r\n";
        var line = $"{start}{new string('x', bytes - start.Length - end.Length)}{end}";

        await ShouldBeAnsweredAsync(status, $"{line}Host: a\r\nX-Auth-Token: {new Token("p")}\r\n");
    }

    [TestCase(1_000, 404)]
    [TestCase(MaxHeaders, 431)]
    public async Task The_headers_have_at_most_32_KiB(int bytes, int status) =>
        await ShouldBeAnsweredAsync(status, $"GET /v1/p/x HTTP/1.1\r\nHost: a\r\nX-Auth-Token: {new Token("p")}\r\nX-Long: {new string('x', bytes)}\r\n");

    [TestCase(MaxHeaderCount - 3, 404)]
    [TestCase(MaxHeaderCount - 2, 431)]
    public async Task There_are_at_most_100_headers(int others, int status) =>
        await ShouldBeAnsweredAsync(
            status,
            $"GET /v1/p/x HTTP/1.1\r\nHost: a\r\nX-Auth-Token: {new Token("p")}\r\n"
            + string.Concat(Enumerable.Range(0, others).Select(i => $"X-{i}: x\r\n")));

    [TestCase("GET /v1/p/x HTTP/1.1\r\n")]
    [TestCase("GET /v1/p/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n")]
    [TestCase("GET /v1/p/x HTTP/1.1\r\nHost: a b\r\n")]
    [TestCase("GET /v1/p/x HTTP/9.9\r\nHost: a\r\n")]
    [TestCase("GET nowhere HTTP/1.1\r\nHost: a\r\n")]
    [TestCase("G T /v1/p/x HTTP/1.1\r\nHost: a\r\n")]
    [TestCase("GET /v1/p/x HTTP/1.1\r\nHost: a\r\nX:\0\r\n")]
    [TestCase("GET /v1/p/x HTTP/1.1\r\nHost: a\r\nNo colon\r\n")]
    [TestCase("GET /v1/p/x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n")]
    [TestCase("GET /v1/p/x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n")]
    [TestCase("POST /v1/p/software_deployments HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n")]
    public async Task What_is_no_HTTP_is_refused_by_the_server_itself_in_no_words(string head)
    {
        var answer = await RawHttp.SendAsync(TestRun.Service, Encoding.Latin1.GetBytes(head), []);

        ((int)answer.ShouldNotBeNull().Status).ShouldBeOneOf(400, 405, 501, 505);
        answer.Text.ShouldBeEmpty();
        answer.Headers.ShouldNotContainKey("Server");
    }

    [Test]
    public async Task A_client_that_never_ends_its_headers_is_let_go()
    {
        using var client = await RawHttp.ConnectAsync(TestRun.Service);
        var stream = client.GetStream();
        await stream.WriteAsync("GET /v1/p/x HTTP/1.1\r\nHost: a\r\n"u8.ToArray());

        var answer = await RawHttp.ReadAsync(stream);

        answer.ShouldNotBeNull().Status.ShouldBe(HttpStatusCode.RequestTimeout);
        answer.Text.ShouldBeEmpty();
    }

    [Test]
    public async Task A_body_that_comes_drop_by_drop_is_given_up()
    {
        var project = new Project();
        using var client = await RawHttp.ConnectAsync(TestRun.Service);
        var answer = await DripAsync(client, project, bytesASecond: 20);

        answer.ShouldBeError(HttpStatusCode.RequestTimeout);
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [Test]
    public async Task A_body_that_comes_steadily_and_does_not_end_is_given_up_after_a_time_that_is_a_setting()
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:RequestTimeoutSeconds"] = "1" });
        var project = new Project(service);
        (await project.CreateAsync(Project.Minimal)).ShouldBeOk();
        using var client = await RawHttp.ConnectAsync(service);

        var answer = await DripAsync(client, project, bytesASecond: 10_000);

        answer.ShouldBeError(HttpStatusCode.RequestTimeout).Headers["Connection"].ShouldBe("close");
        (await project.CountStoredAsync()).ShouldBe(1);
    }

    [Test]
    public async Task Of_many_large_bodies_at_once_some_are_refused_and_the_others_stored()
    {
        const int atOnce = 4;
        const int all = 12;
        const int bytes = 1_000_000;
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:MaxBatchBytes"] = "1048576" });
        var project = new Project(service);
        var body = Encoding.ASCII.GetBytes($$"""{"config_id": "c", "server_id": "s"}""".PadRight(bytes));
        var clients = await Task.WhenAll(Enumerable.Range(0, all).Select(_ => RawHttp.ConnectAsync(service)));
        var answers = clients.Select(client => RawHttp.ReadAsync(client.GetStream())).ToList();

        var sending = clients.Select(client => SendAsync(client, [.. Head(), .. body[..^1]])).ToList();
        var refused = new List<Task<ApiResponse?>>();
        while (refused.Count < all - atOnce)
        {
            refused.Add(await Task.WhenAny(answers.Except(refused)));
        }

        var others = clients.Where((_, index) => !refused.Contains(answers[index])).ToList();
        await Task.WhenAll(others.Select(client => SendAsync(client, body[^1..])));
        await Task.WhenAll(sending);

        foreach (var answer in refused)
        {
            (await answer).ShouldNotBeNull().ShouldBeError(HttpStatusCode.ServiceUnavailable).Headers.ShouldContainKey("Retry-After");
        }

        foreach (var answer in answers.Except(refused))
        {
            (await answer).ShouldNotBeNull().ShouldBeOk();
        }

        (await project.CountStoredAsync()).ShouldBe(atOnce);
        (await project.CreateAsync(Encoding.ASCII.GetString(body))).ShouldBeOk();
        Array.ForEach(clients, client => client.Dispose());

        byte[] Head() => Encoding.ASCII.GetBytes(
            $"POST {project.Path} HTTP/1.1\r\nHost: a\r\nX-Auth-Token: {project.Token}\r\n"
            + $"Content-Type: application/json\r\nContent-Length: {bytes}\r\nConnection: close\r\n\r\n");

        static async Task SendAsync(TcpClient client, byte[] what)
        {
            try
            {
                await client.GetStream().WriteAsync(what);
            }
            catch (IOException)
            {
                // Refused, and no more is taken.
            }
        }
    }

    [Test]
    public async Task A_request_that_hangs_for_another_reason_is_unavailable()
    {
        await using var proxy = new Proxy(TestRun.ConnectionString);
        proxy.Open();
        await using var service = await Service.StartReadyAsync(
            proxy.ConnectionString, new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:RequestTimeoutSeconds"] = "1" });
        var project = new Project(service);
        var id = (await project.CreateAsync(Project.Minimal)).Id;

        proxy.SwallowEverything();
        var answer = await project.GetAsync(id);
        proxy.StopSwallowing();

        answer.ShouldBeError(HttpStatusCode.ServiceUnavailable).Headers.ShouldContainKey("Retry-After");
        answer.Text.ShouldContain("in time");
    }

    [Test]
    public async Task A_list_that_takes_longer_than_a_request_may_is_sent_to_its_end()
    {
        const int deployments = 1_000;
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:RequestTimeoutSeconds"] = "1" });
        var project = new Project(service);
        var filled = new Project(id: project.Id); // by a service that takes its time
        var padding = new string('x', 10_000);
        for (var batch = 0; batch < 4; batch++)
        {
            (await filled.CreateBatchAsync(Enumerable.Repeat(
                $$"""{"config_id": "c", "server_id": "s", "status_reason": "{{padding}}"}""", deployments))).ShouldBeOk();
        }

        // Far more than is on its way at any time: most of it is sent when the time is over. By a client of its own, as that of the other
        // tests reads an answer whole before they see it.
        using var client = new HttpClient();
        using var request = Requests.Make(HttpMethod.Get, service.Absolute(project.Path), ("X-Auth-Token", project.Token.ToString()));
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        var length = (await answer.Content.ReadAsByteArrayAsync()).LongLength;

        length.ShouldBeGreaterThan(4L * deployments * padding.Length);
    }

    private static async Task<ApiResponse> DripAsync(TcpClient client, Project project, int bytesASecond)
    {
        const int drops = 10;
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {project.Path} HTTP/1.1\r\nHost: a\r\nX-Auth-Token: {project.Token}\r\n"
            + "Content-Type: application/json\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\n{"));
        using var stop = new CancellationTokenSource();
        var drip = Task.Run(async () =>
        {
            try
            {
                for (var drop = new byte[bytesASecond / drops]; !stop.IsCancellationRequested; await Task.Delay(1000 / drops))
                {
                    drop.AsSpan().Fill((byte)' ');
                    await stream.WriteAsync(drop);
                }
            }
            catch (IOException)
            {
                // The server has given it up.
            }
        });

        var answer = await RawHttp.ReadAsync(stream);
        await stop.CancelAsync();
        await drip;
        return answer.ShouldNotBeNull();
    }

    private static async Task ShouldBeAnsweredAsync(int status, string head)
    {
        var answer = (await RawHttp.SendAsync(TestRun.Service, Encoding.ASCII.GetBytes(head), [])).ShouldNotBeNull();

        ((int)answer.Status).ShouldBe(status);
        answer.Headers.ShouldNotContainKey("Server");
        if (status == (int)HttpStatusCode.NotFound)
        {
            answer.ShouldBeError(HttpStatusCode.NotFound);
        }
        else
        {
            answer.Text.ShouldBeEmpty();
        }
    }
}
