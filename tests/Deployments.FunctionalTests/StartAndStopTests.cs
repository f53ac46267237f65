using System.Net;
using System.Net.Sockets;
using System.Text;
using Deployments.FunctionalTests.Support;
using Microsoft.Extensions.Logging;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

public sealed class StartAndStopTests
{
    [Test]
    public async Task Instances_started_at_the_same_time_on_an_empty_database_migrate_it_once_without_errors()
    {
        var connectionString = await TestRun.Server.CreateDatabaseAsync();

        var services = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Service.StartAsync(connectionString)));
        try
        {
            // A readiness check before the service is ready logs a warning, so wait for the log first.
            foreach (var service in services)
            {
                await service.Log.WaitForAsync(line => line.Message == "The database is reachable and its schema is current.");
                (await service.GetAsync("/healthz/ready")).ShouldBeOk();
            }

            var project = new Project(services[0]);
            var id = (await project.CreateAsync(Project.Minimal)).Id;

            foreach (var service in services)
            {
                (await new Project(service, project.Id).GetAsync(id)).ShouldBeOk();
                service.Log.Lines
                    .Where(line => line.Level >= LogLevel.Error
                        || (line.Level >= LogLevel.Warning && line.Category.StartsWith("Deployments.", StringComparison.Ordinal)))
                    .Select(line => line.Text)
                    .ShouldBeEmpty();
            }

            await using var database = NpgsqlDataSource.Create(connectionString);
            await using var migrations = database.CreateCommand(
                "SELECT count(*), count(DISTINCT migration_id) FROM \"__EFMigrationsHistory\"");
            await using var rows = await migrations.ExecuteReaderAsync();
            await rows.ReadAsync();
            rows.GetInt64(0).ShouldBeGreaterThan(0);
            rows.GetInt64(0).ShouldBe(rows.GetInt64(1));
        }
        finally
        {
            foreach (var service in services)
            {
                await service.DisposeAsync();
            }
        }
    }

    [Test]
    public async Task Service_with_migration_disabled_is_not_ready_on_an_empty_database()
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:MigrateOnStart"] = "false" };
        await using var service = await Service.StartAsync(await TestRun.Server.CreateDatabaseAsync(), settings);

        var response = await service.GetAsync("/healthz/ready");

        response.ShouldBeError(HttpStatusCode.ServiceUnavailable);
    }

    [Test]
    public async Task Service_with_migration_disabled_logs_the_missing_migrations_and_stores_nothing_until_they_are_applied()
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:MigrateOnStart"] = "false" };
        var connectionString = await TestRun.Server.CreateDatabaseAsync();
        await using var service = await Service.StartAsync(connectionString, settings);

        var missing = await service.Log.WaitForAsync(line => line.Message.StartsWith("The database's schema is not current", StringComparison.Ordinal));
        var start = await StartLineAsync(service);
        ApiResponse refused;
        using (service.ShortenBudgets())
        {
            refused = await new Project(service).CreateAsync(Project.Minimal);
        }

        var notStored = await service.Log.WaitForAsync(line => line.Message.Contains("could not be stored", StringComparison.Ordinal));

        missing.Level.ShouldBe(LogLevel.Warning);
        missing.Message.ShouldContain("_Initial, ");
        missing.Message.ShouldContain("Run the command migrate: Deployments:MigrateOnStart is false.");
        start.ShouldContain("_Initial, ");
        (await service.GetAsync("/healthz/ready")).ShouldBeError(HttpStatusCode.ServiceUnavailable).Text.ShouldContain("_Initial, ");
        refused.ShouldBeError(HttpStatusCode.ServiceUnavailable);
        notStored.Message.ShouldEndWith("42P01: relation \"software_deployments\" does not exist");
        service.Log.Lines.ShouldNotContain(line => line.Message.Contains("could not be expired", StringComparison.Ordinal));
        service.Log.Lines.ShouldNotContain(line => line.Message.Contains("unknown", StringComparison.Ordinal));

        await using var migrating = await Service.StartReadyAsync(connectionString);
        await service.Log.WaitForAsync(line => line.Message == "The database is reachable and its schema is current.");
    }

    [Test]
    public async Task Service_without_a_database_logs_that_nothing_was_stored()
    {
        await using var service = await Service.StartAsync("Host=127.0.0.1;Port=1;Database=d;Username=u;Password=unsaid");

        using (service.ShortenBudgets())
        {
            (await new Project(service).CreateAsync(Project.Minimal)).ShouldBeError(HttpStatusCode.ServiceUnavailable);
        }

        var notStored = await service.Log.WaitForAsync(line => line.Message.Contains("could not be stored", StringComparison.Ordinal));
        notStored.Message.ShouldContain("Failed to connect to 127.0.0.1:1 (");
        (await StartLineAsync(service)).ShouldContain("database d on 127.0.0.1:1 as u, schema unknown");
        service.Log.Lines.ShouldNotContain(line => line.Message.StartsWith("Whether", StringComparison.Ordinal) || line.Text.Contains("unsaid"));
    }

    [Test]
    public async Task Start_logs_version_environment_database_schema_and_keys_in_one_line()
    {
        using var publicKeys = new KeyFolder();
        using var keystoneKeys = new KeyFolder();
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys)
        {
            ["Authentication:PublicKeys"] = publicKeys.Path,
            ["Authentication:Keystone:PublicKeys"] = keystoneKeys.Path,
            ["Authentication:Schemes:Bearer:Authority"] = "https://user:unsaid@identity.example.org/realm",
        });

        var line = await StartLineAsync(service);

        var version = Service.Version.Split('+') is [var number, var commit] ? $"{number} (commit {commit[..7]})" : Service.Version;
        var database = new NpgsqlConnectionStringBuilder(TestRun.ConnectionString);
        line.ShouldStartWith($"Deployments {version}, environment Production, database {database.Database} on {database.Host}:{database.Port} as {database.Username}, ");
        line.ShouldEndWith(", schema current, keys: 1 signing key, 2 public keys, 2 Keystone keys, authority https://identity.example.org/realm.");
        service.Log.Lines.ShouldNotContain(each => each.Text.Contains("unsaid"));
    }

    [Test]
    public async Task Setting_that_does_not_exist_is_logged_with_the_nearest_that_does()
    {
        await using var service = await Service.StartAsync(TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys)
        {
            ["Deployments:MaxBodySize"] = "1",
            ["Deployments:Proxies:0"] = "10.0.0.1",
            ["Deployments:migrateOnStart"] = "true",
            ["Authentication:PublicKey"] = "unsaid",
            ["Authentication:Schemes:Bearer:RequireHttpsMetadata"] = "false",
        });
        await StartLineAsync(service);

        service.Log.Lines.Where(line => line.Message.Contains("not a setting", StringComparison.Ordinal)).Select(line => line.Message).ShouldBe(
        [
            "Authentication:PublicKey is not a setting of this service and has no effect. The nearest is Authentication:PublicKeys.",
            "Deployments:MaxBodySize is not a setting of this service and has no effect. The nearest is Deployments:MaxBodyBytes.",
        ]);
        service.Log.Lines.ShouldNotContain(line => line.Text.Contains("unsaid"));
    }

    [Test]
    public async Task Request_in_flight_at_shutdown_returns_200_and_closes_its_connection()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project(service);

        var response = await StopInFlightAsync(service, project, $"POST {project.Path}");

        response.ShouldStartWith("HTTP/1.1 200 OK\r\n");
        response.ShouldContain("\r\nConnection: close\r\n");
        response.ShouldContain("\"software_deployment\"");
        (await project.CountStoredAsync()).ShouldBe(1);
    }

    [Test]
    public async Task Request_in_flight_at_shutdown_that_returns_404_closes_its_connection()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project(service);

        var response = await StopInFlightAsync(service, project, $"PUT {project.Path}/{Guid.NewGuid()}");

        response.ShouldStartWith("HTTP/1.1 404 Not Found\r\n");
        response.ShouldContain("\r\nConnection: close\r\n");
    }

    [Test]
    public async Task Start_with_an_address_in_use_prints_one_line_and_exits_with_1()
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys)
        {
            ["DOTNET_ENVIRONMENT"] = "Production",
            ["ASPNETCORE_URLS"] = TestRun.Service.Address.ToString(),
            ["ConnectionStrings:Deployments"] = TestRun.ConnectionString,
            ["Authentication:Schemes:Bearer:ValidIssuer"] = Token.TrustedIssuer,
            ["Authentication:Schemes:Bearer:ValidAudiences:0"] = Token.OurAudience,
        };

        var ended = await ServiceProcess.RunAsync(settings);

        ended.ExitCode.ShouldBe(1, ended.Output);
        ended.Error.TrimEnd().Split('\n').Length.ShouldBe(1, ended.Error);
        ended.Error.ShouldContain(TestRun.Service.Address.Authority);
        ended.Error.ShouldContain("ASPNETCORE_URLS or --urls chooses another.");
        ended.Output.ShouldNotContain("Exception");
        ended.Output.ShouldNotContain("   at ");
    }

    private static async Task<string> StartLineAsync(Service service) =>
        (await service.Log.WaitForAsync(line => line.Message.StartsWith("Deployments ", StringComparison.Ordinal))).Message;

    /// <summary>Stops the service while it reads the body of a request.</summary>
    /// <returns>Everything received until the connection was closed.</returns>
    private static async Task<string> StopInFlightAsync(Service service, Project project, string target)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(service.Address.Host, service.Address.Port);
        var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);

        // 100 Continue shows that the service has begun to read the body.
        await WriteAsync(
            stream,
            $"{target} HTTP/1.1\r\nHost: {service.Address.Authority}\r\nX-Auth-Token: {project.Token}\r\n"
            + $"Content-Type: application/json\r\nContent-Length: {Project.Minimal.Length}\r\nExpect: 100-continue\r\n\r\n");
        (await reader.ReadLineAsync()).ShouldBe("HTTP/1.1 100 Continue");
        (await reader.ReadLineAsync()).ShouldBeEmpty();
        await WriteAsync(stream, Project.Minimal[..10]);

        service.Lifetime.StopApplication();
        await ShouldRefuseConnectionsAsync(service.Address);
        await WriteAsync(stream, Project.Minimal[10..]);

        return await reader.ReadToEndAsync();
    }

    private static async Task WriteAsync(NetworkStream stream, string text) => await stream.WriteAsync(Encoding.ASCII.GetBytes(text));

    private static async Task ShouldRefuseConnectionsAsync(Uri address)
    {
        using var timeout = new CancellationTokenSource(Service.Timeout);
        while (true)
        {
            try
            {
                using var another = new TcpClient();
                await another.ConnectAsync(address.Host, address.Port, timeout.Token);
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
            {
                return;
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
            {
                // Accepted, and dropped when the listener closed.
            }
        }
    }
}
