using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Limits of size and time of requests; responses beyond them reveal nothing about the server.</summary>
public sealed class RequestLimitTests
{
    private const int MaxRequestLine = 8 * 1024;
    private const int MaxHeaders = 32 * 1024;
    private const int MaxHeaderCount = 100;

    [TestCase(MaxRequestLine, 404)]
    [TestCase(MaxRequestLine + 1, 414)]
    public async Task Request_line_over_8_KiB_returns_414(int bytes, int status)
    {
        const string start = "GET /v1/p/";
        const string end = " HTTP/1.1\r\n";
        var line = $"{start}{new string('x', bytes - start.Length - end.Length)}{end}";

        await ShouldReturnAsync(status, $"{line}Host: a\r\nX-Auth-Token: {new Token("p")}\r\n");
    }

    [TestCase(1_000, 404)]
    [TestCase(MaxHeaders, 431)]
    public async Task Headers_over_32_KiB_return_431(int bytes, int status) =>
        await ShouldReturnAsync(status, $"GET /v1/p/x HTTP/1.1\r\nHost: a\r\nX-Auth-Token: {new Token("p")}\r\nX-Long: {new string('x', bytes)}\r\n");

    [TestCase(MaxHeaderCount - 3, 404)]
    [TestCase(MaxHeaderCount - 2, 431)]
    public async Task More_than_100_headers_return_431(int others, int status) =>
        await ShouldReturnAsync(
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
    public async Task Malformed_HTTP_returns_an_error_status_with_an_empty_body(string head)
    {
        var response = await RawHttp.SendAsync(TestRun.Service, Encoding.Latin1.GetBytes(head), []);

        ((int)response.ShouldNotBeNull().Status).ShouldBeOneOf(400, 405, 501, 505);
        response.Text.ShouldBeEmpty();
        response.Headers.ShouldNotContainKey("Server");
    }

    [Test]
    public async Task Headers_that_never_end_return_408()
    {
        using var client = await RawHttp.ConnectAsync(TestRun.Service);
        var stream = client.GetStream();
        await stream.WriteAsync("GET /v1/p/x HTTP/1.1\r\nHost: a\r\n"u8.ToArray());

        var response = await RawHttp.ReadAsync(stream);

        response.ShouldNotBeNull().Status.ShouldBe(HttpStatusCode.RequestTimeout);
        response.Text.ShouldBeEmpty();
    }

    [Test]
    public async Task Body_below_the_minimum_rate_returns_408()
    {
        var project = new Project();
        using var client = await RawHttp.ConnectAsync(TestRun.Service);
        var response = await DripAsync(client, project, bytesPerSecond: 20);

        response.ShouldBeError(HttpStatusCode.RequestTimeout);
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [Test]
    public async Task Body_that_takes_longer_than_the_configured_timeout_returns_408()
    {
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:RequestTimeoutSeconds"] = "1" });
        var project = new Project(service);
        (await new Project(id: project.Id).CreateAsync(Project.Minimal)).ShouldBeOk(); // by a service with the default timeout
        using var client = await RawHttp.ConnectAsync(service);

        var response = await DripAsync(client, project, bytesPerSecond: 10_000);

        response.ShouldBeError(HttpStatusCode.RequestTimeout).Headers["Connection"].ShouldBe("close");
        (await project.CountStoredAsync()).ShouldBe(1);
    }

    [Test]
    public async Task Concurrent_large_bodies_return_503_beyond_the_buffer_limit_and_200_otherwise()
    {
        const int atOnce = 4;
        const int all = 12;
        const int bytes = 1_000_000;
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:MaxBatchBytes"] = "1048576" });
        var project = new Project(service);
        var body = Encoding.ASCII.GetBytes($$"""{"config_id": "c", "server_id": "s"}""".PadRight(bytes));
        var clients = await Task.WhenAll(Enumerable.Range(0, all).Select(_ => RawHttp.ConnectAsync(service)));
        var streams = clients.Select(client => client.GetStream()).ToList(); // now, as a connection that was reset has none
        var responses = streams.Select(RawHttp.ReadAsync).ToList();

        var sending = streams.Select(stream => SendAsync(stream, [.. Head(), .. body[..^1]])).ToList();
        var refused = new List<Task<ApiResponse?>>();
        while (refused.Count < all - atOnce)
        {
            refused.Add(await Task.WhenAny(responses.Except(refused)));
        }

        var others = streams.Where((_, index) => !refused.Contains(responses[index])).ToList();
        await Task.WhenAll(others.Select(stream => SendAsync(stream, body[^1..])));
        await Task.WhenAll(sending);

        // Their memory grows with what has arrived, and that of a refused one is free only after its response: another may be refused meanwhile.
        var unavailable = (await Task.WhenAll(responses)).Where(response => response!.Status != HttpStatusCode.OK).ToList();
        foreach (var response in unavailable)
        {
            response!.ShouldBeError(HttpStatusCode.ServiceUnavailable).Headers.ShouldContainKey("Retry-After");
        }

        (all - unavailable.Count).ShouldBeInRange(1, atOnce);
        (await project.CountStoredAsync()).ShouldBe(all - unavailable.Count);
        (await project.CreateAsync(Encoding.ASCII.GetString(body))).ShouldBeOk();
        Array.ForEach(clients, client => client.Dispose());

        byte[] Head() => Encoding.ASCII.GetBytes(
            $"POST {project.Path} HTTP/1.1\r\nHost: a\r\nX-Auth-Token: {project.Token}\r\n"
            + $"Content-Type: application/json\r\nContent-Length: {bytes}\r\nConnection: close\r\n\r\n");

        static async Task SendAsync(NetworkStream stream, byte[] what)
        {
            try
            {
                await stream.WriteAsync(what);
            }
            catch (IOException)
            {
                // Rejected, and the server reads no more.
            }
        }
    }

    [Test]
    public async Task Request_that_waits_for_the_database_beyond_the_timeout_returns_503()
    {
        await using var proxy = new Proxy(TestRun.ConnectionString);
        proxy.Open();
        await using var service = await Service.StartReadyAsync(
            proxy.ConnectionString, new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:RequestTimeoutSeconds"] = "1" });
        var project = new Project(service);
        var id = (await new Project(id: project.Id).CreateAsync(Project.Minimal)).Id; // by a service with the default timeout

        proxy.SwallowEverything();
        var response = await project.GetAsync(id);
        proxy.StopSwallowing();

        response.ShouldBeError(HttpStatusCode.ServiceUnavailable).Headers.ShouldContainKey("Retry-After");
        response.Text.ShouldContain("in time");
    }

    [Test]
    public async Task List_that_takes_longer_than_the_request_timeout_is_sent_completely()
    {
        const int deployments = 1_000;
        const int seconds = 10; // in which the response starts, also on a busy machine
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:RequestTimeoutSeconds"] = $"{seconds}" });
        var project = new Project(service);
        var filled = new Project(id: project.Id); // by a service with the default timeout
        var padding = new string('x', 10_000);
        for (var batch = 0; batch < 4; batch++)
        {
            (await filled.CreateBatchAsync(Enumerable.Repeat(
                $$"""{"config_id": "c", "server_id": "s", "status_reason": "{{padding}}"}""", deployments))).ShouldBeOk();
        }

        // Far more than is read until the timeout, but read all the time, as an unread response is cut. With a client of its own, because
        // that of the other tests buffers responses.
        using var client = new HttpClient();
        using var request = Requests.Make(HttpMethod.Get, service.Absolute(project.Path), ("X-Auth-Token", project.Token.ToString()));
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        await using var body = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[64 * 1024];
        var length = 0L;
        var watch = Stopwatch.StartNew();
        for (int read; (read = await body.ReadAsync(buffer)) > 0; length += read)
        {
            if (watch.Elapsed < TimeSpan.FromSeconds(seconds + 0.5))
            {
                await Task.Delay(50);
            }
        }

        watch.Elapsed.ShouldBeGreaterThan(TimeSpan.FromSeconds(seconds));
        length.ShouldBeGreaterThan(4L * deployments * padding.Length);
    }

    private static async Task<ApiResponse> DripAsync(TcpClient client, Project project, int bytesPerSecond)
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
                for (var drop = new byte[bytesPerSecond / drops]; !stop.IsCancellationRequested; await Task.Delay(1000 / drops))
                {
                    drop.AsSpan().Fill((byte)' ');
                    await stream.WriteAsync(drop);
                }
            }
            catch (IOException)
            {
                // The server has closed the connection.
            }
        });

        var response = await RawHttp.ReadAsync(stream);
        await stop.CancelAsync();
        await drip;
        return response.ShouldNotBeNull();
    }

    private static async Task ShouldReturnAsync(int status, string head)
    {
        var response = (await RawHttp.SendAsync(TestRun.Service, Encoding.ASCII.GetBytes(head), [])).ShouldNotBeNull();

        ((int)response.Status).ShouldBe(status);
        response.Headers.ShouldNotContainKey("Server");
        if (status == (int)HttpStatusCode.NotFound)
        {
            response.ShouldBeError(HttpStatusCode.NotFound);
        }
        else
        {
            response.Text.ShouldBeEmpty();
        }
    }
}
