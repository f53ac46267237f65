using System.Diagnostics;
using System.Net;
using Deployments.Client;
using Deployments.FunctionalTests.Support;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>What the C# client does in more than one request: it waits, follows the change feed, and lists to the end.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ClientFollowTests : IAsyncDisposable
{
    private readonly Project project = new();
    private readonly Transport transport = new();
    private readonly CancellationTokenSource end = new(Service.Timeout);
    private readonly List<IAsyncDisposable> started = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var item in started.AsEnumerable().Reverse())
        {
            await item.DisposeAsync();
        }

        end.Dispose();
    }

    [TestCase("COMPLETE", DeploymentStatus.Complete)]
    [TestCase("FAILED", DeploymentStatus.Failed)]
    public async Task WaitFor_returns_the_deployment_when_it_has_ended(string status, DeploymentStatus expected)
    {
        var service = await StartServiceAsync();
        var id = await CreateAsync();
        var waiting = Register(service.Address).WaitForAsync(project.Id, id, end.Token);
        await WaitUntilHeldAsync(service);

        (await project.UpdateAsync($"{id}", $$"""{"status": "{{status}}", "status_reason": "so"}""")).ShouldBeOk();

        var ended = await waiting;
        (ended.Id, ended.Status, ended.StatusReason).ShouldBe((id, expected, "so"));
    }

    [Test]
    public async Task WaitFor_throws_with_404_when_the_deployment_is_deleted()
    {
        var service = await StartServiceAsync();
        var id = await CreateAsync();
        var waiting = Register(service.Address).WaitForAsync(project.Id, id, end.Token);
        await WaitUntilHeldAsync(service);

        await project.DeleteAsync($"{id}");

        (await Should.ThrowAsync<DeploymentsException<Error>>(() => waiting)).StatusCode.ShouldBe(404);
    }

    [Test]
    public async Task WaitFor_and_Watch_throw_OperationCanceledException_when_they_are_cancelled()
    {
        var service = await StartServiceAsync();
        var id = await CreateAsync();
        var client = Register(service.Address);
        var (waiting, watching) = (client.WaitForAsync(project.Id, id, end.Token), WatchAsync(client, count: 2));
        await WaitUntilHeldAsync(service, 2);

        await end.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => waiting);
        await Should.ThrowAsync<OperationCanceledException>(() => watching);
    }

    [Test]
    public async Task WaitFor_cancelled_between_retries_throws_OperationCanceledException()
    {
        transport.Scripted.Enqueue(Respond(HttpStatusCode.ServiceUnavailable, retryAfter: "300"));
        var waiting = Register(TestRun.Service.Address).WaitForAsync(project.Id, Guid.NewGuid(), end.Token);
        while (transport.RequestCount == 0)
        {
            await Task.Yield();
        }

        await end.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => waiting);
    }

    [Test]
    public async Task WaitFor_survives_a_restart_of_the_service([Values] bool isKilled)
    {
        await using var service = await ServiceProcess.StartReadyAsync(ProcessSettings);
        var id = await CreateAsync();
        var waiting = Register(service.Address).WaitForAsync(project.Id, id, end.Token);

        await (isKilled ? service.KillAsync() : service.StopAsync());
        await transport.Failed.Task.WaitAsync(end.Token);
        await project.UpdateAsync($"{id}", """{"status": "COMPLETE"}""");
        await service.RestartAsync();

        (await waiting).Status.ShouldBe(DeploymentStatus.Complete);
    }

    [Test]
    public async Task WaitFor_survives_the_time_outs_of_a_resilience_handler()
    {
        var service = await StartServiceAsync();
        var id = await CreateAsync();
        var client = Register(service.Address, builder => builder.AddStandardResilienceHandler(options =>
        {
            (options.AttemptTimeout.Timeout, options.TotalRequestTimeout.Timeout) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1.5));
            options.Retry.Delay = TimeSpan.FromSeconds(1);
        }));
        var waiting = client.WaitForAsync(project.Id, id, end.Token);
        while (transport.RequestCount < 3 && !waiting.IsCompleted)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20)); // each takes until its time-out
        }

        await project.UpdateAsync($"{id}", """{"status": "COMPLETE"}""");

        (await waiting).Status.ShouldBe(DeploymentStatus.Complete);
    }

    [TestCase(HttpStatusCode.RequestTimeout)]
    [TestCase(HttpStatusCode.TooManyRequests)]
    [TestCase(HttpStatusCode.InternalServerError)]
    [TestCase(HttpStatusCode.BadGateway)]
    [TestCase(HttpStatusCode.ServiceUnavailable)]
    public async Task Transient_responses_are_retried_after_the_time_that_they_name(HttpStatusCode status)
    {
        transport.Scripted.Enqueue(Respond(status, retryAfter: "1"));
        transport.Scripted.Enqueue(() => throw new HttpRequestException("Connection refused"));
        transport.Scripted.Enqueue(Respond(status));
        var id = await CreateAsync("COMPLETE");
        var elapsed = Stopwatch.StartNew();

        var ended = await Register(TestRun.Service.Address).WaitForAsync(project.Id, id, end.Token);

        ended.Status.ShouldBe(DeploymentStatus.Complete);
        transport.RequestCount.ShouldBe(4);
        elapsed.Elapsed.ShouldBeGreaterThan(TimeSpan.FromSeconds(1));
    }

    [TestCase(HttpStatusCode.BadRequest)]
    [TestCase(HttpStatusCode.Unauthorized)]
    [TestCase(HttpStatusCode.Forbidden)]
    [TestCase(HttpStatusCode.NotFound)]
    [TestCase(HttpStatusCode.Gone)]
    public async Task Other_errors_are_thrown_at_once_with_their_status(HttpStatusCode status)
    {
        transport.Scripted.Enqueue(Respond(status));
        transport.Scripted.Enqueue(Respond(status));
        var client = Register(TestRun.Service.Address);

        (await Should.ThrowAsync<DeploymentsException>(() => client.WaitForAsync(project.Id, Guid.NewGuid(), end.Token))).StatusCode.ShouldBe((int)status);
        (await Should.ThrowAsync<DeploymentsException>(() => WatchAsync(client, count: 1))).StatusCode.ShouldBe((int)status);

        transport.RequestCount.ShouldBe(2);
    }

    [Test]
    public async Task Responses_before_the_time_is_up_do_not_lead_to_a_busy_loop()
    {
        var running = (await project.GetAsync($"{await CreateAsync()}")).ShouldBeOk().Text;
        transport.Default = request => new(HttpStatusCode.OK)
        {
            Content = Requests.Body(request.RequestUri!.AbsolutePath.EndsWith("/events", StringComparison.Ordinal) ? """{"events": [], "next": "a"}""" : running),
        };
        var client = Register(TestRun.Service.Address);
        end.CancelAfter(TimeSpan.FromSeconds(1));

        await Should.ThrowAsync<OperationCanceledException>(() => client.WaitForAsync(project.Id, Guid.NewGuid(), end.Token));
        transport.RequestCount.ShouldBeInRange(2, 11);
    }

    [Test]
    public async Task Watch_returns_every_event_once_over_a_restart_of_the_service([Values] bool isKilled)
    {
        await using var service = await ServiceProcess.StartReadyAsync(ProcessSettings);
        var watching = WatchAsync(Register(service.Address), count: 6);
        var first = await CreateAsync();
        await project.UpdateAsync($"{first}", """{"status": "COMPLETE"}""");

        await (isKilled ? service.KillAsync() : service.StopAsync());
        await transport.Failed.Task.WaitAsync(end.Token);
        var second = await CreateAsync();
        await project.DeleteAsync($"{first}");
        await service.RestartAsync();
        await project.UpdateAsync($"{second}", """{"status": "FAILED"}""");
        var third = await CreateAsync();

        (await watching).Select(entry => (entry.DeploymentId, entry.Version)).ShouldBe(
            [(first, 1), (first, 2), (second, 1), (first, 3), (second, 2), (third, 1)]);
    }

    [Test]
    public async Task Watch_from_the_cursor_of_a_page_continues_after_its_events()
    {
        var client = Register(TestRun.Service.Address);
        var cursor = await FirstCursorAsync(client, "now");
        List<Guid> created = [await CreateAsync()];
        List<Guid> seen = [];

        for (var count = 1; count <= 3; count++)
        {
            await foreach (var page in client.WatchAsync(project.Id, cursor, cancellationToken: end.Token))
            {
                seen.AddRange(page.Events.Select(entry => entry.DeploymentId));
                cursor = page.Next;
                if (seen.Count == count)
                {
                    break;
                }
            }

            created.Add(await CreateAsync());
        }

        seen.ShouldBe(created[..3]);
    }

    [Test]
    public async Task Watch_from_now_returns_a_page_with_a_cursor_at_once_and_nothing_older()
    {
        await CreateAsync();
        (await project.ReadFeedAsync("?wait=50")).Items.ShouldHaveSingleItem(); // until then it comes after now
        var client = Register(TestRun.Service.Address);
        await using var pages = client.WatchAsync(project.Id, "now", cancellationToken: end.Token).GetAsyncEnumerator();

        (await pages.MoveNextAsync()).ShouldBeTrue();
        pages.Current.Events.ShouldBeEmpty();
        pages.Current.Next.ShouldNotBeEmpty();

        var second = await CreateAsync();
        await pages.MoveNextAsync();
        pages.Current.Events.ShouldHaveSingleItem().DeploymentId.ShouldBe(second);
    }

    [Test]
    public async Task Watch_with_filters_returns_only_the_events_that_match()
    {
        await project.CreateAsync("""{"config_id": "a", "server_id": "one"}""");
        await project.CreateAsync("""{"config_id": "b", "server_id": "one"}""");
        var wanted = await CreateAsync("FAILED");
        var client = Register(TestRun.Service.Address);

        await foreach (var page in client.WatchAsync(project.Id, null, "a server", "a config", wanted, DeploymentStatus.Failed, end.Token))
        {
            if (page.Events.Count > 0)
            {
                page.Events.ShouldHaveSingleItem().DeploymentId.ShouldBe(wanted);
                break;
            }
        }

        transport.LastQuery.ShouldContain($"server_id=a%20server&config_id=a%20config&deployment_id={wanted}&status=FAILED");
    }

    [Test]
    public async Task ListAll_returns_each_deployment_once_in_order_while_others_are_created()
    {
        List<string> existing = [];
        for (var batch = 0; batch < 3; batch++)
        {
            existing.AddRange((await project.CreateBatchAsync(Enumerable.Repeat(Project.Minimal, 700))).ShouldBeOk().Items.Select(item => item.GetProperty("id").GetString()!));
        }

        List<string> seen = [];
        await foreach (var deployment in Register(TestRun.Service.Address).ListAllAsync(project.Id, cancellationToken: end.Token))
        {
            if (seen.Count % 500 == 0)
            {
                await CreateAsync();
            }

            seen.Add($"{deployment.Id}");
        }

        seen[..existing.Count].ShouldBe(existing);
        seen.ShouldBeUnique();
        seen.Count.ShouldBeGreaterThan(existing.Count);
        transport.RequestCount.ShouldBe(3);
    }

    private static IReadOnlyDictionary<string, string> ProcessSettings => new Dictionary<string, string>(PatientService.Settings.Concat(Token.IssuerSettings))
    {
        ["DOTNET_ENVIRONMENT"] = "Production",
        ["ConnectionStrings:Deployments"] = TestRun.ConnectionString,
    };

    private static Func<HttpResponseMessage> Respond(HttpStatusCode status, string? retryAfter = null) => () =>
    {
        var response = new HttpResponseMessage(status) { Content = Requests.Body("{}") };
        if (retryAfter is not null)
        {
            response.Headers.Add("Retry-After", retryAfter);
        }

        return response;
    };

    private static async Task WaitUntilHeldAsync(Service service, int count = 1)
    {
        for (var waited = Stopwatch.StartNew(); service.Waiting < count; await Task.Delay(10))
        {
            waited.Elapsed.ShouldBeLessThan(Service.Timeout);
        }
    }

    private async Task<Service> StartServiceAsync()
    {
        var service = await Service.StartReadyAsync(TestRun.ConnectionString);
        started.Add(service);
        return service;
    }

    private IDeploymentsClient Register(Uri address, Action<IHttpClientBuilder>? change = null)
    {
        var services = new ServiceCollection();
        var builder = services.AddDeploymentsClient(address, _ => ValueTask.FromResult(project.Token.ToString()));
        change?.Invoke(builder);
        builder.ConfigurePrimaryHttpMessageHandler(() => transport);
        var provider = services.BuildServiceProvider();
        started.Add(provider);
        return provider.GetRequiredService<IDeploymentsClient>();
    }

    private async Task<Guid> CreateAsync(string status = "IN_PROGRESS") => Guid.Parse((await project.CreateAsync(
        $$"""{"config_id": "a config", "server_id": "a server", "status": "{{status}}"}""")).ShouldBeOk().Id);

    private async Task<string> FirstCursorAsync(IDeploymentsClient client, string after)
    {
        await using var pages = client.WatchAsync(project.Id, after, cancellationToken: end.Token).GetAsyncEnumerator();
        await pages.MoveNextAsync();
        return pages.Current.Next;
    }

    /// <summary>Follows the feed from its beginning until there are so many events.</summary>
    private async Task<List<FeedEvent>> WatchAsync(IDeploymentsClient client, int count)
    {
        List<FeedEvent> events = [];
        await foreach (var page in client.WatchAsync(project.Id, cancellationToken: end.Token))
        {
            events.AddRange(page.Events);
            if (events.Count >= count)
            {
                break;
            }
        }

        return events;
    }

    /// <summary>Counts the requests, and responds to the first ones as it is told; the service responds to the others.</summary>
    private sealed class Transport() : DelegatingHandler(new DocumentedHandler())
    {
        private int requestCount;

        public Queue<Func<HttpResponseMessage>> Scripted { get; } = [];

        public Func<HttpRequestMessage, HttpResponseMessage>? Default { get; set; }

        /// <summary>Completes when a request could not be sent.</summary>
        public TaskCompletionSource Failed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int RequestCount => Volatile.Read(ref requestCount);

        public string LastQuery { get; private set; } = string.Empty;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref requestCount);
            LastQuery = request.RequestUri!.Query;
            if (Scripted.TryDequeue(out var respond))
            {
                return respond();
            }

            if (Default is not null)
            {
                return Default(request);
            }

            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            catch (HttpRequestException)
            {
                Failed.TrySetResult();
                throw;
            }
        }
    }
}
