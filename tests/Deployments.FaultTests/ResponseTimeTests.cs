using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Deployments.FaultTests.Support;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FaultTests;

/// <summary>While something that the service depends on fails, every response is sent within five seconds.</summary>
public sealed class ResponseTimeTests
{
    private const string Minimal = """{"config_id": "c", "server_id": "s"}""";
    private const string Batch = $$"""{"software_deployments": [{{Minimal}}, {{Minimal}}]}""";
    private const string Configs = "/../software_configs";
    private const string Ready = "/../../../healthz/ready";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly string NobodysId = $"{Guid.CreateVersion7()}";

    [Test]
    public async Task Requests_to_a_service_started_before_its_database_return_503_in_time()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var proxy = new Proxy(postgres.ConnectionString);
        await using var service = await ServiceProcess.StartAsync(Services.Settings(proxy.ConnectionString));
        using var client = new Client();

        await ShouldBeUnavailableInTimeAsync(service, client, [.. EveryOperation(NobodysId), .. Agents("s")]);
    }

    [Test]
    public async Task Every_operation_returns_503_in_time_while_the_database_refuses_connections_or_does_not_respond([Values] bool silent)
    {
        await using var postgres = await Postgres.StartAsync();
        await using var proxy = new Proxy(postgres.ConnectionString);
        proxy.Open();
        await using var services = await Services.StartAsync(proxy.ConnectionString, 1);
        using var client = new Client();
        var id = (await client.CreateAsync(services[0], "stored")).Id;
        var (document, signal) = await CreateAgentAsync(services[0], client);

        if (silent)
        {
            proxy.SwallowEverything();
        }
        else
        {
            proxy.Close();
        }

        await ShouldBeUnavailableInTimeAsync(services[0], client, [.. EveryOperation($"{id}"), .. Agents("s"), .. Addresses(document, signal)]);
    }

    [Test]
    public async Task Writes_return_503_in_time_while_every_database_write_fails()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 1);
        using var client = new Client();
        var id = (await client.CreateAsync(services[0], "stored")).Id;
        var (_, signal) = await CreateAgentAsync(services[0], client);
        await postgres.ExecuteAsync(
            $"""
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'a fault' USING ERRCODE = '{PostgresErrorCodes.DiskFull}'; END $$;
            CREATE TRIGGER fail BEFORE INSERT ON deployment_events FOR EACH STATEMENT EXECUTE FUNCTION fail();
            """);

        await ShouldBeUnavailableInTimeAsync(services[0], client, [.. Writes(id), Signal(signal)]);

        (await postgres.CountAsync("SELECT count(*) FROM software_deployments WHERE status = 'IN_PROGRESS'")).ShouldBe(2);
        (await postgres.CountAsync("SELECT count(*) FROM deployment_events")).ShouldBe(2);
    }

    [Test]
    public async Task Writes_return_503_in_time_while_the_database_is_read_only()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 1);
        using var client = new Client();
        var id = (await client.CreateAsync(services[0], "stored")).Id;
        var (_, signal) = await CreateAgentAsync(services[0], client);

        // Like a primary demoted to a standby: new connections are read-only.
        await postgres.ExecuteAsync("ALTER DATABASE postgres SET default_transaction_read_only = on");
        await postgres.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");

        await ShouldBeUnavailableInTimeAsync(services[0], client, [.. Writes(id), .. Agents("s"), Signal(signal)]);
    }

    [Test]
    public async Task Documents_that_are_held_on_two_instances_end_with_404_in_time_after_their_agent_is_revoked()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 2);
        using var client = new Client();
        var held = new List<Task<(Outcome Outcome, long Ended)>>();
        foreach (var service in services)
        {
            var document = await client.CreateAgentAsync(service, "s");
            var tag = (await client.SendAsync(service, HttpMethod.Get, document)).Response!.EntityTag;
            held.Add(Task.Run(async () =>
            {
                var outcome = await client.SendAsync(service, HttpMethod.Get, $"{document}?wait=20", null, ("If-None-Match", tag));
                return (outcome, Stopwatch.GetTimestamp());
            }));
        }

        await Task.Delay(TimeSpan.FromSeconds(1)); // nothing outside shows that a request is held
        held.ShouldAllBe(request => !request.IsCompleted);
        (await client.SendAsync(services[0], HttpMethod.Delete, "/../agents/s")).Status.ShouldBe(HttpStatusCode.NoContent);
        var revoked = Stopwatch.GetTimestamp();

        var ended = await Task.WhenAll(held);
        var times = ended.Select(request => Stopwatch.GetElapsedTime(revoked, request.Ended)).ToList();
        FaultRun.Report($"held documents ended {string.Join(" and ", times.Select(time => $"{time.TotalMilliseconds:F0} ms"))} after the revocation");
        ended.ShouldAllBe(request => request.Outcome.Status == HttpStatusCode.NotFound);
        times.ShouldAllBe(time => time < ServiceLevels.Revocation);
    }

    [TestCase("update")]
    [TestCase("delete")]
    [TestCase("events")]
    public async Task Request_that_waits_for_two_locks_returns_503_in_time(string request)
    {
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 1);
        using var client = new Client();
        var id = (await client.CreateAsync(services[0], "stored")).Id;
        await using var events = await LockAsync(postgres, "deployment_events");
        await using var deployments = await LockAsync(postgres, "software_deployments");

        var sending = ShouldBeUnavailableInTimeAsync(services[0], client, request switch
        {
            "update" => new(HttpMethod.Put, $"/{id}", """{"status": "COMPLETE"}"""),
            "delete" => new(HttpMethod.Delete, $"/{id}"),
            _ => new Call(HttpMethod.Get, $"/{id}/events"),
        });
        await Task.Delay(TimeSpan.FromSeconds(3)); // the read waits for so long, then the next statement does
        await deployments.DisposeAsync();

        await sending;
    }

    [Test]
    public async Task Update_whose_database_does_not_respond_after_it_has_locked_the_row_returns_503_in_time_and_the_next_is_stored()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var proxy = new Proxy(postgres.ConnectionString);
        proxy.Open();
        await using var services = await Services.StartAsync(proxy.ConnectionString, 1);
        using var client = new Client();
        var ids = new List<Guid> { (await client.CreateAsync(services[0], "first")).Id, (await client.CreateAsync(services[0], "second")).Id };
        await using var events = await LockAsync(postgres, "deployment_events");

        var sending = ShouldBeUnavailableInTimeAsync(services[0], client, new Call(HttpMethod.Put, $"/{ids[0]}", """{"status": "COMPLETE"}"""));
        while (await postgres.CountAsync("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'deployment_events'::regclass") == 0)
        {
            await Task.Delay(Pause);
        }

        proxy.SwallowEverything();
        await sending;
        await events.DisposeAsync();
        proxy.StopSwallowing();

        var next = await client.SendAsync(services[0], HttpMethod.Put, $"/{ids[1]}", """{"status": "COMPLETE"}""");
        next.Status.ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>As if others created and deleted deployments with the same key all the time.</summary>
    [Test]
    public async Task Create_with_a_key_that_is_always_taken_and_never_found_returns_503_in_time()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 1);
        using var client = new Client();
        await postgres.ExecuteAsync(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON software_deployments FOR EACH ROW EXECUTE FUNCTION refuse();
            """);

        await ShouldBeUnavailableInTimeAsync(services[0], client, new Call(HttpMethod.Post, "", Minimal, ("Idempotency-Key", "k")));
    }

    [Test]
    public async Task Requests_return_503_in_time_while_the_schema_is_not_current()
    {
        await using var postgres = await Postgres.StartAsync();
        await using var services = await Services.StartAsync(postgres.ConnectionString, 1);
        using var client = new Client();
        var id = (await client.CreateAsync(services[0], "stored")).Id;
        await postgres.ExecuteAsync("ALTER TABLE software_deployments RENAME COLUMN deadline TO of_an_earlier_version");

        await ShouldBeUnavailableInTimeAsync(
            services[0], client, new(HttpMethod.Get, $"/{id}"), new(HttpMethod.Get, ""), new(HttpMethod.Post, "/batch", Batch));
    }

    [Test]
    public async Task Create_deployment_returns_503_in_time_while_the_authority_is_unreachable([Values] bool silent)
    {
        await using var postgres = await Postgres.StartAsync();
        using var listener = new TcpListener(IPAddress.Loopback, silent ? 0 : Ports.Free());
        if (silent)
        {
            listener.Start(); // the kernel accepts connections, and nobody responds
        }

        await using var service = await ServiceProcess.StartReadyAsync(new Dictionary<string, string>(Services.Settings(postgres.ConnectionString))
        {
            ["Authentication:Schemes:Bearer:Authority"] = $"http://{listener.LocalEndpoint}",
            ["Authentication:Schemes:Bearer:RequireHttpsMetadata"] = "false",
        });
        using var key = System.Security.Cryptography.RSA.Create(2048);
        using var client = new Client(sign: token => token with { Algorithm = "RS256", KeyId = "a", Signature = Token.Rsa(key) });

        await ShouldBeUnavailableInTimeAsync(service, client, new Call(HttpMethod.Post, "", Minimal));

        (await postgres.CountAsync("SELECT count(*) FROM software_deployments")).ShouldBe(0);
    }

    private static Call[] EveryOperation(string id) =>
    [
        new(HttpMethod.Post, "", Minimal),
        new(HttpMethod.Post, "", Minimal),
        new(HttpMethod.Post, "/batch", Batch),
        new(HttpMethod.Get, $"/{id}"),
        new(HttpMethod.Get, "?limit=1"),
        new(HttpMethod.Put, $"/{id}", "{}"),
        new(HttpMethod.Delete, $"/{id}"),
        new(HttpMethod.Get, $"/{id}/events"),
        new(HttpMethod.Get, "/metadata/s"),
        new(HttpMethod.Post, Configs, "{}"),
        new(HttpMethod.Get, $"{Configs}?limit=1"),
        new(HttpMethod.Get, $"{Configs}/{id}"),
        new(HttpMethod.Delete, $"{Configs}/{id}"),
        new(HttpMethod.Get, Ready),
    ];

    private static Call[] Writes(Guid id) =>
    [
        new(HttpMethod.Post, "", Minimal),
        new(HttpMethod.Post, "", Minimal, ("Idempotency-Key", "k")),
        new(HttpMethod.Post, "/batch", Batch),
        new(HttpMethod.Put, $"/{id}", """{"status": "COMPLETE"}"""),
    ];

    private static Call[] Agents(string server) =>
    [
        new(HttpMethod.Post, "/../agents", $$"""{"server_id": "{{server}}"}"""),
        new(HttpMethod.Delete, $"/../agents/{server}"),
    ];

    private static Call[] Addresses(string document, string signal) =>
    [
        new(HttpMethod.Get, document),
        new(HttpMethod.Get, $"{document}?wait=50", null, ("If-None-Match", "\"known\"")),
        new(HttpMethod.Head, document),
        Signal(signal),
    ];

    private static Call Signal(string signal) => new(HttpMethod.Put, signal, "{}");

    /// <returns>The addresses of the agent of a server with one deployment in progress: of its document and of its signal.</returns>
    private static async Task<(string Document, string Signal)> CreateAgentAsync(ServiceProcess service, Client client)
    {
        var config = (await client.SendAsync(service, HttpMethod.Post, Configs, "{}")).Id;
        (await client.CreateAsync(service, $"{config}", server: "s")).Status.ShouldBe(HttpStatusCode.OK);
        var document = await client.CreateAgentAsync(service, "s");
        var item = (await client.SendAsync(service, HttpMethod.Get, document)).Response!.Json.GetProperty("deployments")[0];
        var signal = item.GetProperty("inputs").EnumerateArray().Single(input => input.GetProperty("name").GetString() == "deploy_signal_id");
        return (document, signal.GetProperty("value").GetString()!);
    }

    private static async Task ShouldBeUnavailableInTimeAsync(ServiceProcess service, Client client, params Call[] calls)
    {
        var outcomes = await Task.WhenAll(calls.Select(call => client.SendAsync(service, call.Method, call.Path, call.Body, call.Headers)));

        FaultRun.Report($"{outcomes.Length} responses, the slowest after {outcomes.Max(outcome => outcome.Time).TotalSeconds:F2} s");
        outcomes.ShouldAllBe(outcome => outcome.Status == HttpStatusCode.ServiceUnavailable);
        outcomes.ShouldAllBe(outcome => outcome.Response!.Headers.ContainsKey("Retry-After"));
        outcomes.ShouldAllBe(outcome => outcome.Time < ServiceLevels.ResponseWithoutLoad);
    }

    private static async Task<NpgsqlConnection> LockAsync(Postgres postgres, string table)
    {
        var connection = await postgres.Administration.OpenConnectionAsync();
        await using var command = new NpgsqlCommand($"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    /// <param name="Method">The method.</param>
    /// <param name="Path">The path after <c>/software_deployments</c>, or an address with its scheme.</param>
    /// <param name="Body">JSON, if there is a body.</param>
    /// <param name="Headers">In addition to the token.</param>
    private sealed record Call(HttpMethod Method, string Path, string? Body = null, params (string Name, string Value)[] Headers);
}
