using System.Net;
using System.Text.Json;
using Deployments.Client;
using Deployments.FunctionalTests.Support;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Shouldly;

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
    public async Task A_deployment_lives_and_leaves_its_history()
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
    public async Task Pages_are_read_to_the_end_and_filters_hold()
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
    public async Task What_is_refused_is_told_by_a_typed_exception()
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
    public async Task A_condition_that_does_not_hold_is_told()
    {
        var id = (await Client.CreateSoftwareDeploymentAsync(project.Id, Minimal)).SoftwareDeployment.Id;

        var outdated = await Should.ThrowAsync<DeploymentsException<Error>>(
            () => Client.UpdateSoftwareDeploymentAsync(project.Id, id, new(), ifMatch: "\"7\""));

        outdated.StatusCode.ShouldBe((int)HttpStatusCode.PreconditionFailed);
    }

    [Test]
    public async Task Values_of_64_levels_go_out_and_come_back()
    {
        var values = new Dictionary<string, JsonElement> { ["a"] = JsonElement.Parse(Requests.Nested(63)) };

        var batch = await Client.CreateSoftwareDeploymentsAsync(
            project.Id, new() { SoftwareDeployments = [new() { ConfigId = "a config", ServerId = "a server", InputValues = values }] });

        var stored = (await Client.GetSoftwareDeploymentAsync(project.Id, batch.SoftwareDeployments.ShouldHaveSingleItem().Id)).SoftwareDeployment;
        stored.InputValues!["a"].GetRawText().ShouldBe(values["a"].GetRawText());
    }

    [Test]
    public async Task An_input_has_no_value_or_null_or_any_other()
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
    public async Task A_template_is_validated()
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
    public async Task A_call_can_be_cancelled()
    {
        using var cancellation = new CancellationTokenSource();
        await cancellation.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(
            () => Client.CreateSoftwareDeploymentAsync(project.Id, Minimal, cancellationToken: cancellation.Token));
    }

    [Test]
    public async Task A_service_below_a_path_is_asked_there()
    {
        await using var below = RegisterOver(new DocumentedHandler(), new Uri(TestRun.Service.Address, "below"));

        var absent = await Should.ThrowAsync<DeploymentsException>(
            () => below.GetRequiredService<IDeploymentsClient>().ListSoftwareConfigsAsync(project.Id));

        absent.StatusCode.ShouldBe((int)HttpStatusCode.NotFound);
    }

    [Test]
    public async Task A_create_whose_answer_is_lost_is_tried_again_and_creates_once([Values] bool inBatch)
    {
        using var transport = new LosesFirstAnswer();
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
    public async Task A_key_of_the_callers_own_is_kept()
    {
        var first = await Client.CreateSoftwareDeploymentAsync(project.Id, Minimal, idempotencyKey: "order-66");
        var second = await Client.CreateSoftwareDeploymentAsync(project.Id, Minimal, idempotencyKey: "order-66");

        second.SoftwareDeployment.Id.ShouldBe(first.SoftwareDeployment.Id);
    }

    private ServiceProvider RegisterOver(HttpMessageHandler transport, Uri? address = null, Action<IHttpClientBuilder>? client = null)
    {
        var registered = new ServiceCollection();
        var builder = registered.AddDeploymentsClient(
            address ?? TestRun.Service.Address, _ => ValueTask.FromResult(project.Token.ToString()));
        client?.Invoke(builder);
        builder.ConfigurePrimaryHttpMessageHandler(() => transport);
        return registered.BuildServiceProvider();
    }

    private sealed class LosesFirstAnswer() : DelegatingHandler(new DocumentedHandler())
    {
        public int Lost { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            if (Lost > 0)
            {
                return answer;
            }

            Lost++;
            answer.Dispose();
            throw new HttpRequestException("The answer was lost.");
        }
    }
}
