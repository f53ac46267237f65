extern alias agent;

using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using agent::Deployments.Agent;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.AgentProgram;

public sealed class MetadataClientTests
{
    private const string Empty = """{"deployments": []}""";

    private readonly ManualClock clock = new();
    private readonly FakeService service = new();
    private readonly List<string> log = [];
    private ServiceClock serviceClock = null!;
    private DirectoryInfo folder = null!;
    private HttpClient http = null!;

    [SetUp]
    public void Prepare()
    {
        folder = Directory.CreateTempSubdirectory();
        serviceClock = new ServiceClock(clock);
        http = new HttpClient(service, disposeHandler: false);
        service.Respond = _ => FakeService.Document(Empty);
        service.Requests.Clear();
        log.Clear();
    }

    [TearDown]
    public void CleanUp()
    {
        http.Dispose();
        folder.Delete(recursive: true);
    }

    [OneTimeTearDown]
    public void Dispose() => service.Dispose();

    [Test]
    public async Task Read_that_waits_names_the_document_that_it_has()
    {
        var client = Create();

        (await ReadAsync(client, wait: true)).ShouldNotBeNull();
        service.Respond = _ => new HttpResponseMessage(HttpStatusCode.NotModified);
        (await ReadAsync(client, wait: true)).ShouldBeNull();
        (await ReadAsync(client, wait: false)).ShouldBeNull();

        service.Requests.ShouldBe(["GET http://s/agents/a", "GET http://s/agents/a?wait=50 \"1\"", "GET http://s/agents/a \"1\""]);
    }

    [Test]
    public async Task Read_asks_at_most_once_a_second()
    {
        var client = Create();

        var duration = await MeasureAsync(async () =>
        {
            for (var count = 0; count < 10; count++)
            {
                await ReadAsync(client, wait: true);
            }
        });

        duration.ShouldBeInRange(TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(10));
    }

    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("{}")]
    [TestCase("""{"deployments": null}""")]
    [TestCase("""{"deployments": [null]}""")]
    [TestCase("""{"deployments": [{"id": "no uuid"}]}""")]
    [TestCase("""{"deployments": [{"id": "01a21952-6c74-728a-b0b2-26633938922f", "inputs": [null]}]}""")]
    [TestCase("""{"deployments": [{"id": "01a21952-6c74-728a-b0b2-26633938922f", "inputs": null}]}""")]
    [TestCase("""{"deployments": [{"id": "01a21952-6c74-728a-b0b2-26633938922f", "deadline": "soon"}]}""")]
    [TestCase("""{"deployments": [{"id": "01a21952-6c74-728a-b0b2-26633938922f", "deadline": 5}]}""")]
    [TestCase("<html>")]
    [TestCase("")]
    public async Task Read_of_what_is_no_document_logs_one_line_and_returns_nothing(string body)
    {
        service.Respond = _ => FakeService.Document(body);
        var client = Create();

        (await ReadAsync(client, wait: true)).ShouldBeNull();
        (await ReadAsync(client, wait: true)).ShouldBeNull();

        log.ShouldBe(["The service does not say what to apply: the response is not an agent's document; check the address."]);
        service.Requests.ShouldAllBe(request => request == "GET http://s/agents/a"); // it has no entity tag of it
    }

    [Test]
    public async Task Read_of_a_body_that_is_not_of_its_encoding_logs_one_line_and_returns_nothing()
    {
        service.Respond = _ => new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new StreamContent(new GZipStream(new MemoryStream(Encoding.UTF8.GetBytes(Empty)), CompressionMode.Decompress)),
        };

        (await ReadAsync(Create(), wait: true)).ShouldBeNull();

        log.ShouldBe(["The service does not say what to apply: its response cannot be read (InvalidDataException)."]);
    }

    [TestCase("2026-11-26T10:00:00Z")]
    [TestCase("2026-11-26T10:00:00")]
    [TestCase("2026-11-26T12:00:00+02:00")]
    public async Task Read_takes_a_deadline_with_and_without_a_zone(string deadline)
    {
        service.Respond = _ => FakeService.Document($$"""{"deployments": [{"id": "01a21952-6c74-728a-b0b2-26633938922f", "deadline": "{{deadline}}"}]}""");

        var document = (await ReadAsync(Create(), wait: false)).ShouldNotBeNull();

        document.Deployments.Single().Deadline.ShouldBe(new DateTimeOffset(2026, 11, 26, 10, 0, 0, TimeSpan.Zero));
        document.Deployments.Single().Inputs.ShouldBeEmpty();
    }

    [Test]
    public async Task Service_that_is_down_for_an_hour_is_asked_about_once_a_minute_and_then_read()
    {
        service.Respond = _ => throw new HttpRequestException("Connection refused");
        var client = Create();
        var end = clock.GetUtcNow().AddHours(1);

        while (clock.GetUtcNow() < end)
        {
            (await ReadAsync(client, wait: true)).ShouldBeNull();
        }

        service.Requests.Count.ShouldBeInRange(60, 140);
        log.ShouldHaveSingleItem().ShouldContain("Connection refused");
        service.Respond = _ => FakeService.Document(Empty);
        (await ReadAsync(client, wait: true)).ShouldNotBeNull();
    }

    [Test]
    public async Task Retry_After_is_honoured()
    {
        service.Respond = _ => Unavailable(new RetryConditionHeaderValue(TimeSpan.FromMinutes(5)));
        var client = Create();

        var duration = await MeasureAsync(async () =>
        {
            await ReadAsync(client, wait: false);
            await ReadAsync(client, wait: false);
        });

        duration.ShouldBeInRange(TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(5.1));
    }

    [Test]
    public async Task Address_in_the_document_is_used_from_then_on_and_at_the_next_start()
    {
        service.Respond = _ => FakeService.Document("""{"deployments": [], "os-collect-config": {"request": {"metadata_url": "http://s/agents/b"}}}""");

        var client = Create();
        await ReadAsync(client, wait: false);
        await ReadAsync(client, wait: false);
        await ReadAsync(Create(), wait: false);
        await ReadAsync(Create("http://s/agents/other"), wait: false); // given another one: an operator wants that

        service.Requests.Select(request => request.Split(' ')[1]).ShouldBe(["http://s/agents/a", "http://s/agents/b", "http://s/agents/b", "http://s/agents/other"]);
    }

    [Test]
    public async Task Stored_address_that_does_not_exist_gives_way_to_the_given_one()
    {
        service.Respond = _ => FakeService.Document("""{"deployments": [], "os-collect-config": {"request": {"metadata_url": "http://s/agents/b"}}}""");
        await ReadAsync(Create(), wait: false);
        service.Requests.Clear();
        service.Respond = request => request.RequestUri!.AbsolutePath == "/agents/b"
            ? new HttpResponseMessage(HttpStatusCode.NotFound)
            : FakeService.Document("""{"deployments": [], "os-collect-config": {"request": {"metadata_url": "http://s/agents/c"}}}""");

        var client = Create();
        (await ReadAsync(client, wait: false)).ShouldBeNull();
        (await ReadAsync(client, wait: false)).ShouldNotBeNull();
        await ReadAsync(client, wait: false);

        service.Requests.Select(request => request.Split(' ')[1]).ShouldBe(["http://s/agents/b", "http://s/agents/a", "http://s/agents/c"]);
        log.ShouldAllBe(line => !line.Contains("/agents/"));
    }

    [Test]
    public async Task Stored_address_that_cannot_be_reached_gives_way_to_the_given_one_after_three_failures()
    {
        service.Respond = _ => FakeService.Document("""{"deployments": [], "os-collect-config": {"request": {"metadata_url": "http://s/agents/b"}}}""");
        await ReadAsync(Create(), wait: false);
        service.Requests.Clear();
        service.Respond = request => request.RequestUri!.AbsolutePath == "/agents/b"
            ? throw new HttpRequestException("No such host")
            : FakeService.Document(Empty);

        var client = Create();
        for (var count = 0; count < 3; count++)
        {
            (await ReadAsync(client, wait: false)).ShouldBeNull();
        }

        (await ReadAsync(client, wait: false)).ShouldNotBeNull();
        service.Requests.Select(request => request.Split(' ')[1]).ShouldBe(["http://s/agents/b", "http://s/agents/b", "http://s/agents/b", "http://s/agents/a"]);
    }

    [TestCase(HttpStatusCode.OK, true)]
    [TestCase(HttpStatusCode.NotModified, true)]
    [TestCase(HttpStatusCode.NotFound, false)]
    [TestCase(HttpStatusCode.BadGateway, false)]
    public async Task Time_is_taken_only_from_a_response_of_the_service(HttpStatusCode status, bool isTaken)
    {
        var date = new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
        service.Respond = _ =>
        {
            var response = FakeService.Document(Empty);
            response.StatusCode = status;
            response.Headers.Date = date;
            return response;
        };

        await ReadAsync(Create(), wait: false);

        (serviceClock.Now.Year == date.Year).ShouldBe(isTaken);
    }

    private static HttpResponseMessage Unavailable(RetryConditionHeaderValue retryAfter)
    {
        var response = new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        response.Headers.RetryAfter = retryAfter;
        return response;
    }

    private MetadataClient Create(string given = "http://s/agents/a") =>
        new(http, new MetadataAddress(new Uri(given), folder.FullName, log.Add), serviceClock, clock, log.Add);

    private async Task<AgentDocument?> ReadAsync(MetadataClient client, bool wait)
    {
        var read = client.ReadAsync(wait, CancellationToken.None);
        while (!read.IsCompleted)
        {
            clock.Move(TimeSpan.FromMilliseconds(100));
        }

        return await read;
    }

    private async Task<TimeSpan> MeasureAsync(Func<Task> work)
    {
        var start = clock.GetUtcNow();
        await work();
        return clock.GetUtcNow() - start;
    }
}
