using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Deployments.Client;
using Deployments.FunctionalTests.Support;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Shouldly;
using SortDirection = Deployments.Client.SortDirection;

namespace Deployments.FunctionalTests;

/// <summary>The C# client, as its users register and call it, against the service.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ClientTests : IAsyncDisposable
{
    private readonly Project project = new();
    private readonly ServiceProvider services;

    public ClientTests() => services = RegisterOver(new DocumentedHandler());

    private IDeploymentsClient Client => services.GetRequiredService<IDeploymentsClient>();

    private CreateSoftwareDeploymentBody Minimal { get; } = new() { ConfigId = "a config", ServerId = "a server" };

    public ValueTask DisposeAsync() => services.DisposeAsync();

    [Test]
    public async Task Deployment_and_config_can_be_created_read_updated_and_deleted()
    {
        var config = (await Client.CreateSoftwareConfigAsync(project.Id, new()
        {
            Name = "install",
            Group = "script",
            Config = JsonSerializer.SerializeToElement("echo installed"),
            Inputs = [new() { Name = "port", Type = ConfigValueType.Number, Default = JsonSerializer.SerializeToElement(80) }],
            Outputs = [new() { Name = "address" }],
        })).SoftwareConfig;
        config.Inputs.ShouldHaveSingleItem().Type.ShouldBe(ConfigValueType.Number);
        config.Outputs.ShouldHaveSingleItem().Type.ShouldBe(ConfigValueType.String);

        var created = (await Client.CreateSoftwareDeploymentAsync(project.Id, new()
        {
            ConfigId = config.Id.ToString(),
            ServerId = "rack 1/web-1",
            Action = "CREATE",
            InputValues = new Dictionary<string, JsonElement> { ["port"] = JsonSerializer.SerializeToElement(8080) },
        })).SoftwareDeployment;
        created.Status.ShouldBe(DeploymentStatus.InProgress);
        created.InputValues!["port"].GetInt32().ShouldBe(8080);
        created.UpdatedTime.ShouldBeNull();

        var metadata = (await Client.GetServerMetadataAsync(project.Id, "rack 1/web-1")).Metadata.ShouldHaveSingleItem();
        metadata.Config.GetString().ShouldBe("echo installed");

        var updated = (await Client.UpdateSoftwareDeploymentAsync(
            project.Id, created.Id, new() { Status = DeploymentStatus.Complete, StatusReason = "Outputs received" })).SoftwareDeployment;
        updated.UpdatedTime.ShouldNotBeNull();
        var shown = (await Client.GetSoftwareDeploymentAsync(project.Id, created.Id)).SoftwareDeployment;
        (shown.Status, shown.StatusReason, shown.Action).ShouldBe((DeploymentStatus.Complete, "Outputs received", "CREATE"));

        (await Client.ListSoftwareDeploymentEventsAsync(project.Id, created.Id)).Events
            .Select(entry => (entry.Status, entry.Actor))
            .ShouldBe([(DeploymentStatus.InProgress, project.Token.Subject), (DeploymentStatus.Complete, project.Token.Subject)]);

        await Client.DeleteSoftwareDeploymentAsync(project.Id, created.Id);
        await Client.DeleteSoftwareConfigAsync(project.Id, config.Id);
        (await Client.ListSoftwareConfigsAsync(project.Id)).SoftwareConfigs.ShouldBeEmpty();
        (await Client.ListSoftwareDeploymentsAsync(project.Id)).SoftwareDeployments.ShouldBeEmpty();
    }

    [Test]
    public async Task List_deployments_returns_every_page_and_filters_by_status()
    {
        var batch = Enumerable.Range(0, 5).Select(number => new CreateSoftwareDeploymentBody
        {
            ConfigId = "a config",
            ServerId = "a server",
            Status = number % 2 == 0 ? DeploymentStatus.Failed : null,
        });
        var created = (await Client.CreateSoftwareDeploymentsAsync(project.Id, new() { SoftwareDeployments = [.. batch] })).SoftwareDeployments;

        List<Guid> seen = [];
        for (Guid? marker = null; ; marker = seen[^1])
        {
            var page = await Client.ListSoftwareDeploymentsAsync(project.Id, limit: 2, marker: marker);
            seen.AddRange(page.SoftwareDeployments.Select(deployment => deployment.Id));
            if (page.SoftwareDeploymentsLinks is null)
            {
                break;
            }
        }

        seen.ShouldBe(created.Select(deployment => deployment.Id));
        (await Client.ListSoftwareDeploymentsAsync(project.Id, status: DeploymentStatus.Failed)).SoftwareDeployments.Count.ShouldBe(3);
    }

    [Test]
    public async Task List_deployments_returns_the_newest_first()
    {
        var batch = Enumerable.Repeat(Minimal, 3);
        var created = (await Client.CreateSoftwareDeploymentsAsync(project.Id, new() { SoftwareDeployments = [.. batch] })).SoftwareDeployments;

        (await Client.ListSoftwareDeploymentsAsync(project.Id, sortDir: SortDirection.Desc)).SoftwareDeployments
            .Select(deployment => deployment.Id).ShouldBe(created.Select(deployment => deployment.Id).Reverse());
    }

    [Test]
    public async Task List_servers_returns_counts_totals_and_the_next_page()
    {
        await Client.CreateAgentAsync(project.Id, new() { ServerId = "a" });
        var failed = (await Client.CreateSoftwareDeploymentAsync(
            project.Id, new() { ConfigId = "c", ServerId = "b/é", Status = DeploymentStatus.Failed })).SoftwareDeployment;

        var first = await Client.ListServersAsync(project.Id, limit: 1);
        var second = await Client.ListServersAsync(project.Id, serverIdPrefix: "b/", status: DeploymentStatus.Failed, marker: first.Servers[0].ServerId);

        var (agent, server) = (first.Servers.ShouldHaveSingleItem(), second.Servers.ShouldHaveSingleItem());
        (agent.ServerId, agent.LastDeployment, agent.Agent!.LastSeen).ShouldBe(("a", null, null));
        first.ServersLinks.ShouldNotBeNull();
        first.Totals.ShouldNotBeNull();
        (first.Totals.Servers, first.Totals.Complete, first.Totals.InProgress, first.Totals.Failed).ShouldBe((2, 0, 0, 1));
        (server.ServerId, server.Agent, server.Deployments.Complete, server.Deployments.InProgress, server.Deployments.Failed)
            .ShouldBe(("b/é", null, 0, 0, 1));
        (server.LastDeployment!.Id, server.LastDeployment.Status, server.LastDeployment.UpdatedTime)
            .ShouldBe((failed.Id, DeploymentStatus.Failed, null));
        (second.ServersLinks, second.Totals).ShouldBe((null, null));
    }

    [Test]
    public async Task Rejected_calls_throw_an_exception_with_the_error_document()
    {
        var invalid = await Should.ThrowAsync<DeploymentsException<Error>>(
            () => Client.CreateSoftwareDeploymentAsync(project.Id, new() { ConfigId = " ", ServerId = "" }));
        invalid.StatusCode.ShouldBe((int)HttpStatusCode.BadRequest);
        invalid.Result.Errors!.Keys.ShouldBe(["config_id", "server_id"], ignoreOrder: true);
        invalid.Message.ShouldBe($"400: {invalid.Result.Detail}");

        var absent = await Should.ThrowAsync<DeploymentsException<Error>>(() => Client.GetSoftwareDeploymentAsync(project.Id, Guid.NewGuid()));
        absent.Result.Type.ShouldBe("urn:deployments:error:not_found");

        var forbidden = await Should.ThrowAsync<DeploymentsException<Error>>(() => Client.ListSoftwareDeploymentsAsync("another"));
        forbidden.StatusCode.ShouldBe((int)HttpStatusCode.Forbidden);
    }

    [Test]
    public async Task Update_deployment_with_an_outdated_if_match_throws_with_412()
    {
        var id = (await Client.CreateSoftwareDeploymentAsync(project.Id, Minimal)).SoftwareDeployment.Id;

        var outdated = await Should.ThrowAsync<DeploymentsException<Error>>(
            () => Client.UpdateSoftwareDeploymentAsync(project.Id, id, new(), ifMatch: "\"7\""));

        outdated.StatusCode.ShouldBe((int)HttpStatusCode.PreconditionFailed);
    }

    [Test]
    public async Task Create_batch_with_values_of_64_levels_returns_them_unchanged()
    {
        var values = new Dictionary<string, JsonElement> { ["a"] = JsonElement.Parse(Requests.Nested(63)) };

        var batch = await Client.CreateSoftwareDeploymentsAsync(
            project.Id, new() { SoftwareDeployments = [new() { ConfigId = "a config", ServerId = "a server", InputValues = values }] });

        var stored = (await Client.GetSoftwareDeploymentAsync(project.Id, batch.SoftwareDeployments.ShouldHaveSingleItem().Id)).SoftwareDeployment;
        stored.InputValues!["a"].GetRawText().ShouldBe(values["a"].GetRawText());
    }

    [Test]
    public async Task Create_config_distinguishes_missing_null_and_other_input_values()
    {
        var config = (await Client.CreateSoftwareConfigAsync(project.Id, new()
        {
            Inputs = [new() { Name = "none" }, new() { Name = "null", Value = JsonElement.Parse("null") }, new() { Name = "list", Value = JsonElement.Parse("[1]") }],
        })).SoftwareConfig;

        var shown = await project.GetConfigAsync(config.Id.ToString());

        shown.Config.GetProperty("inputs").EnumerateArray()
            .Select(input => input.TryGetProperty("value", out var value) ? value.GetRawText() : "none")
            .ShouldBe(["none", "null", "[1]"]);
    }

    [Test]
    public async Task Validate_template_with_a_valid_template_succeeds()
    {
        var template = await Client.ValidateTemplateAsync(project.Id, new()
        {
            Template = new()
            {
                Resources = new Dictionary<string, TemplateResourceBody> { ["a"] = new() { Type = TemplateResourceBodyType.OSHeatSoftwareConfig } },
            },
        });

        template.Parameters.ShouldBeEmpty();
    }

    [Test]
    public async Task Calls_with_a_cancelled_token_throw_OperationCanceledException()
    {
        using var cancellation = new CancellationTokenSource();
        await cancellation.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(
            () => Client.CreateSoftwareDeploymentAsync(project.Id, Minimal, cancellationToken: cancellation.Token));
    }

    [Test]
    public async Task Calls_use_the_path_of_the_base_address()
    {
        await using var below = RegisterOver(new DocumentedHandler(), new Uri(TestRun.Service.Address, "below"));

        var absent = await Should.ThrowAsync<DeploymentsException>(
            () => below.GetRequiredService<IDeploymentsClient>().ListSoftwareConfigsAsync(project.Id));

        absent.StatusCode.ShouldBe((int)HttpStatusCode.NotFound);
    }

    [Test]
    public async Task Create_deployment_is_retried_after_a_lost_response_and_stored_once([Values] bool inBatch)
    {
        using var transport = new LosesFirstResponse();
        await using var retrying = RegisterOver(transport, client: builder => builder.AddStandardResilienceHandler(
            options => options.Retry.Delay = TimeSpan.FromMilliseconds(1)));
        var client = retrying.GetRequiredService<IDeploymentsClient>();

        await CreateAsync();
        transport.Lost.ShouldBe(1);
        (await project.CountStoredAsync()).ShouldBe(1);

        await CreateAsync(); // another call, another deployment
        (await project.CountStoredAsync()).ShouldBe(2);

        Task CreateAsync() => inBatch
            ? client.CreateSoftwareDeploymentsAsync(project.Id, new() { SoftwareDeployments = [Minimal] })
            : client.CreateSoftwareDeploymentAsync(project.Id, Minimal);
    }

    [Test]
    public async Task Create_deployment_twice_with_the_callers_idempotency_key_returns_the_same_deployment()
    {
        var first = await Client.CreateSoftwareDeploymentAsync(project.Id, Minimal, idempotencyKey: "order-66");
        var second = await Client.CreateSoftwareDeploymentAsync(project.Id, Minimal, idempotencyKey: "order-66");

        second.SoftwareDeployment.Id.ShouldBe(first.SoftwareDeployment.Id);
    }

    [Test]
    public async Task Create_deployment_is_retried_after_an_incomplete_response_body_and_stored_once([Values] bool stalls)
    {
        await using var server = new BreaksFirstBody(stalls);
        using var transport = new SocketsHttpHandler();
        await using var retrying = RegisterOver(transport, server.Address, builder => builder.AddStandardResilienceHandler(options =>
        {
            options.Retry.Delay = TimeSpan.FromMilliseconds(1);
            options.AttemptTimeout.Timeout = stalls ? TimeSpan.FromSeconds(1) : options.AttemptTimeout.Timeout;
        }));

        var created = await retrying.GetRequiredService<IDeploymentsClient>().CreateSoftwareDeploymentAsync(project.Id, Minimal)
            .WaitAsync(Service.Timeout);

        server.Broken.ShouldBe(1);
        created.IsReplay.ShouldBeTrue();
        (await project.CountStoredAsync()).ShouldBe(1);
    }

    [Test]
    public async Task Calls_with_a_stalled_response_body_throw_after_the_client_timeout()
    {
        await using var server = new BreaksFirstBody(stalls: true);
        using var transport = new SocketsHttpHandler();
        await using var impatient = RegisterOver(
            transport, server.Address, builder => builder.ConfigureHttpClient(http => http.Timeout = TimeSpan.FromSeconds(1)));

        await Should.ThrowAsync<TaskCanceledException>(
            () => impatient.GetRequiredService<IDeploymentsClient>().CreateSoftwareDeploymentAsync(project.Id, Minimal).WaitAsync(Service.Timeout));
    }

    [TestCase("a\r\nX-Injected: b")]
    [TestCase("a\nb")]
    [TestCase("a\rb")]
    [TestCase("a\0b")]
    [TestCase("a\tb")]
    [TestCase("a\u007fb")]
    [TestCase("\u00e4")]
    public async Task Calls_with_an_invalid_header_value_throw_ArgumentException_without_sending(string value)
    {
        using var transport = new FixedResponse(HttpStatusCode.OK, "{}");
        await using var unsent = RegisterOver(transport);
        var client = unsent.GetRequiredService<IDeploymentsClient>();

        foreach (var (header, call) in new (string, Func<Task>)[]
        {
            ("Idempotency-Key", () => client.CreateSoftwareDeploymentAsync(project.Id, Minimal, idempotencyKey: value)),
            ("Idempotency-Key", () => client.CreateSoftwareDeploymentsAsync(project.Id, new() { SoftwareDeployments = [Minimal] }, value)),
            ("If-Match", () => client.UpdateSoftwareDeploymentAsync(project.Id, Guid.NewGuid(), new(), ifMatch: value)),
            ("If-Match", () => client.DeleteSoftwareDeploymentAsync(project.Id, Guid.NewGuid(), ifMatch: value)),
            ("If-None-Match", () => client.GetSoftwareDeploymentAsync(project.Id, Guid.NewGuid(), ifNoneMatch: value)),
            ("If-None-Match", () => client.GetSoftwareConfigAsync(project.Id, Guid.NewGuid(), ifNoneMatch: value)),
        })
        {
            (await Should.ThrowAsync<ArgumentException>(call)).Message.ShouldStartWith(header);
        }

        transport.RequestCount.ShouldBe(0);
    }

    [Test]
    public async Task Calls_with_an_id_that_is_not_a_path_segment_throw_ArgumentException_without_sending([Values("", ".", "..")] string id)
    {
        using var transport = new FixedResponse(HttpStatusCode.OK, """{"metadata": [], "software_configs": []}""");
        await using var unsent = RegisterOver(transport);
        var client = unsent.GetRequiredService<IDeploymentsClient>();

        await Should.ThrowAsync<ArgumentException>(() => client.GetServerMetadataAsync(project.Id, id));
        await Should.ThrowAsync<ArgumentException>(() => client.ListSoftwareConfigsAsync(id));
        transport.RequestCount.ShouldBe(0);

        await client.GetServerMetadataAsync(project.Id, "a/../b?c=..");
        transport.RequestCount.ShouldBe(1);
    }

    [Test]
    public void Calls_complete_while_the_callers_synchronization_context_is_blocked([Values] bool tokenComesLater)
    {
        using var transport = new SocketsHttpHandler();
        using var waited = RegisterOver(transport, token: async _ =>
        {
            if (tokenComesLater)
            {
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            }

            return project.Token.ToString();
        });
        var client = waited.GetRequiredService<IDeploymentsClient>();
        var done = false;
        var thread = new Thread(() =>
        {
            SynchronizationContext.SetSynchronizationContext(new NeverRuns());
            done = client.ListSoftwareConfigsAsync(project.Id).Wait(Service.Timeout);
        });

        thread.Start();
        thread.Join();

        done.ShouldBeTrue();
    }

    [TestCase(HttpStatusCode.OK)]
    [TestCase(HttpStatusCode.BadRequest)]
    [TestCase(HttpStatusCode.BadGateway)]
    [TestCase(HttpStatusCode.ServiceUnavailable)]
    public async Task Responses_that_are_not_JSON_throw_with_their_status_body_and_headers(HttpStatusCode status)
    {
        foreach (var page in new[] { "<html>Nobody is at home.</html>", "null" })
        {
            using var transport = new FixedResponse(status, page, "text/html; charset=unheard-of");
            await using var behindProxy = RegisterOver(transport);

            var unread = await Should.ThrowAsync<DeploymentsException>(
                () => behindProxy.GetRequiredService<IDeploymentsClient>().CreateSoftwareDeploymentAsync(project.Id, Minimal));

            (unread.StatusCode, unread.Response).ShouldBe(((int)status, page));
            unread.Headers["Content-Type"].ShouldBe(["text/html; charset=unheard-of"]);
        }
    }

    [Test]
    public async Task Update_and_delete_with_if_match_succeed_only_with_the_current_entity_tag()
    {
        var created = await Client.CreateSoftwareDeploymentAsync(project.Id, Minimal);
        var id = created.SoftwareDeployment.Id;
        var read = await Client.GetSoftwareDeploymentAsync(project.Id, id);
        read.EntityTag.ShouldBe(created.EntityTag);

        var updated = await Client.UpdateSoftwareDeploymentAsync(
            project.Id, id, new() { Status = DeploymentStatus.Complete }, ifMatch: read.EntityTag);

        updated.EntityTag.ShouldNotBe(read.EntityTag);
        (await Should.ThrowAsync<DeploymentsException<Error>>(
            () => Client.UpdateSoftwareDeploymentAsync(project.Id, id, new() { Status = DeploymentStatus.Failed }, ifMatch: read.EntityTag)))
            .StatusCode.ShouldBe((int)HttpStatusCode.PreconditionFailed);
        (await Should.ThrowAsync<DeploymentsException>(
            () => Client.GetSoftwareDeploymentAsync(project.Id, id, ifNoneMatch: updated.EntityTag)))
            .StatusCode.ShouldBe((int)HttpStatusCode.NotModified);
        await Client.DeleteSoftwareDeploymentAsync(project.Id, id, ifMatch: updated.EntityTag);
    }

    [Test]
    public async Task Get_config_with_its_entity_tag_throws_with_304()
    {
        var created = await Client.CreateSoftwareConfigAsync(project.Id, new());

        (await Should.ThrowAsync<DeploymentsException>(
            () => Client.GetSoftwareConfigAsync(project.Id, created.SoftwareConfig.Id, ifNoneMatch: created.EntityTag)))
            .StatusCode.ShouldBe((int)HttpStatusCode.NotModified);
    }

    [Test]
    public async Task Create_with_a_used_idempotency_key_is_reported_as_a_replay()
    {
        List<bool> replays = [];
        for (var time = 0; time < 2; time++)
        {
            replays.Add((await Client.CreateSoftwareDeploymentAsync(project.Id, Minimal, "one")).IsReplay);
            replays.Add((await Client.CreateSoftwareDeploymentsAsync(project.Id, new() { SoftwareDeployments = [Minimal] }, "many")).IsReplay);
        }

        replays.ShouldBe([false, false, true, true]);
    }

    [Test]
    [NonParallelizable]
    public async Task Times_without_a_zone_are_read_as_UTC_in_every_local_time_zone()
    {
        var home = Environment.GetEnvironmentVariable("TZ");
        MoveTo("Asia/Tokyo");
        try
        {
            TimeZoneInfo.Local.BaseUtcOffset.ShouldBe(TimeSpan.FromHours(9));
            await using var service = await Service.StartReadyAsync(
                TestRun.ConnectionString,
                new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:TimeFormat"] = "Zoneless" });
            await using var zoneless = RegisterOver(new DocumentedHandler(), service.Address);
            var created = (await zoneless.GetRequiredService<IDeploymentsClient>().CreateSoftwareDeploymentAsync(project.Id, Minimal)).SoftwareDeployment;

            var usual = (await Client.GetSoftwareDeploymentAsync(project.Id, created.Id)).SoftwareDeployment;

            created.CreationTime.ShouldBe(usual.CreationTime);
            created.CreationTime.Offset.ShouldBe(TimeSpan.Zero);
        }
        finally
        {
            MoveTo(home);
        }

        static void MoveTo(string? zone)
        {
            Environment.SetEnvironmentVariable("TZ", zone);
            TimeZoneInfo.ClearCachedData();
        }
    }

    [Test]
    public async Task Responses_with_an_invalid_status_throw_with_their_body([Values("17", "1", "\"1\"", "\"DONE\"", "null")] string status)
    {
        var response = (await project.CreateAsync(Project.Minimal)).ShouldBeOk().Text;
        using var transport = new FixedResponse(HttpStatusCode.OK, response.Replace("\"IN_PROGRESS\"", status, StringComparison.Ordinal));
        await using var misled = RegisterOver(transport);

        var unread = await Should.ThrowAsync<DeploymentsException>(
            () => misled.GetRequiredService<IDeploymentsClient>().CreateSoftwareDeploymentAsync(project.Id, Minimal));

        unread.Response.ShouldNotBeNull().ShouldContain($"\"status\":{status}");
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("secret\n")]
    [TestCase("Bearer secret")]
    [TestCase("s\u00e4cret")]
    public async Task Calls_with_an_invalid_token_throw_without_sending_or_revealing_it(string? token)
    {
        using var transport = new FixedResponse(HttpStatusCode.OK, "{}");
        await using var unsent = RegisterOver(transport, token: _ => ValueTask.FromResult(token!));

        var refused = await Should.ThrowAsync<InvalidOperationException>(
            () => unsent.GetRequiredService<IDeploymentsClient>().ListSoftwareConfigsAsync(project.Id));

        refused.Message.ShouldContain("token provider");
        refused.ToString().ShouldNotContain("cret", Case.Sensitive);
        transport.RequestCount.ShouldBe(0);
    }

    [TestCase("below")]
    [TestCase("/below")]
    [TestCase("ftp://localhost")]
    [TestCase("localhost:5000")]
    [TestCase("http://localhost/?a=b")]
    [TestCase("http://localhost/#a")]
    public void Registration_with_an_invalid_base_address_throws_ArgumentException(string address) => Should.Throw<ArgumentException>(
        () => new ServiceCollection().AddDeploymentsClient(new Uri(address, UriKind.RelativeOrAbsolute), _ => ValueTask.FromResult("a")))
        .ParamName.ShouldBe("baseAddress");

    [Test]
    public void Second_registration_throws_InvalidOperationException()
    {
        var registered = new ServiceCollection();
        registered.AddDeploymentsClient(TestRun.Service.Address, _ => ValueTask.FromResult("a"));

        Should.Throw<InvalidOperationException>(() => registered.AddDeploymentsClient(TestRun.Service.Address, _ => ValueTask.FromResult("b")));
    }

    private ServiceProvider RegisterOver(
        HttpMessageHandler transport,
        Uri? address = null,
        Action<IHttpClientBuilder>? client = null,
        Func<CancellationToken, ValueTask<string>>? token = null)
    {
        var registered = new ServiceCollection();
        var builder = registered.AddDeploymentsClient(
            address ?? TestRun.Service.Address, token ?? (_ => ValueTask.FromResult(project.Token.ToString())));
        client?.Invoke(builder);
        builder.ConfigurePrimaryHttpMessageHandler(() => transport);
        return registered.BuildServiceProvider();
    }

    private sealed class LosesFirstResponse() : DelegatingHandler(new DocumentedHandler())
    {
        public int Lost { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (Lost > 0)
            {
                return response;
            }

            Lost++;
            response.Dispose();
            throw new HttpRequestException("The response was lost.");
        }
    }

    /// <summary>Returns the same response to every request, without the service.</summary>
    private sealed class FixedResponse(HttpStatusCode status, string body, string mediaType = Requests.Json) : HttpMessageHandler
    {
        public int RequestCount { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            RequestCount++;
            return Task.FromResult(new HttpResponseMessage(status) { Content = Requests.Body(Encoding.UTF8.GetBytes(body), mediaType) });
        }
    }

    /// <summary>Never runs what is posted to it, as if its only thread were blocked.</summary>
    private sealed class NeverRuns : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
        }
    }

    /// <summary>A proxy that forwards everything but the end of the first response's body.</summary>
    private sealed class BreaksFirstBody : IAsyncDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource end = new();
        private readonly bool stalls;
        private readonly Task accepting;

        /// <param name="stalls">Keep the connection open and send nothing more, instead of closing it.</param>
        public BreaksFirstBody(bool stalls)
        {
            this.stalls = stalls;
            listener.Start();
            accepting = AcceptAsync();
        }

        public Uri Address => new($"http://{listener.LocalEndpoint}");

        public int Broken { get; private set; }

        public async ValueTask DisposeAsync()
        {
            await end.CancelAsync();
            await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            listener.Dispose();
            end.Dispose();
        }

        private async Task AcceptAsync()
        {
            List<Task> connections = [];
            try
            {
                while (true)
                {
                    connections.Add(ServeAsync(await listener.AcceptTcpClientAsync(end.Token), isFirst: connections.Count == 0));
                }
            }
            finally
            {
                await Task.WhenAll(connections);
            }
        }

        private async Task ServeAsync(TcpClient client, bool isFirst)
        {
            using var server = await RawHttp.ConnectAsync(TestRun.Service);
            using (client)
            {
                try
                {
                    var asked = client.GetStream().CopyToAsync(server.GetStream(), end.Token);
                    if (isFirst)
                    {
                        await PassBeginningAsync(server.GetStream(), client.GetStream());
                        Broken++;
                        await (stalls ? asked : Task.CompletedTask);
                    }
                    else
                    {
                        await server.GetStream().CopyToAsync(client.GetStream(), end.Token);
                    }
                }
                catch (Exception exception) when (exception is IOException or OperationCanceledException)
                {
                    // Either side may close the connection at any time.
                }
            }
        }

        // Up to the first member of the envelope's object.
        private async Task PassBeginningAsync(NetworkStream from, NetworkStream to)
        {
            for (var passed = new StringBuilder(); !passed.ToString().Contains("\"software_deployment\":", StringComparison.Ordinal);)
            {
                var buffer = new byte[1];
                await from.ReadExactlyAsync(buffer, end.Token);
                await to.WriteAsync(buffer, end.Token);
                passed.Append((char)buffer[0]);
            }
        }
    }
}
