using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Deployments.FunctionalTests.Support;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The commands of the program besides serving.</summary>
public sealed class CommandTests
{
    private static readonly Dictionary<string, string> Development = new() { ["DOTNET_ENVIRONMENT"] = "Development" };
    private static readonly Dictionary<string, string> Production = new(PatientService.Settings) { ["DOTNET_ENVIRONMENT"] = "Production" };

    [Test]
    public async Task Token_prints_a_token_for_the_project_that_only_a_service_in_development_accepts()
    {
        var printed = await ServiceProcess.RunAsync(Development, "token", "--project", "demo");
        var token = printed.Output.TrimEnd();
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, new Dictionary<string, string> { ["environment"] = "Development" });

        printed.ExitCode.ShouldBe(0, printed.Error);
        token.ShouldMatch(@"^[\w-]+\.[\w-]+\.[\w-]+$");
        (await new Project(service, "demo").CreateAsAsync(token)).ShouldBeOk();
        (await new Project(service, "another").CreateAsAsync(token)).ShouldBeError(System.Net.HttpStatusCode.Forbidden);
        (await new Project(id: "demo").CreateAsAsync(token)).ShouldBeUnauthorized();
    }

    [Test]
    public async Task Token_with_roles_and_hours_prints_a_token_with_them()
    {
        var printed = await ServiceProcess.RunAsync(Development, "token", "--project", "demo", "--role", "reader", "--role", "admin", "--hours", "1");

        printed.ExitCode.ShouldBe(0, printed.Error);
        var claims = JsonElement.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(printed.Output.Split('.')[1]));
        claims.GetProperty("roles").EnumerateArray().Select(role => role.GetString()).ShouldBe(["reader", "admin"]);
        DateTimeOffset.FromUnixTimeSeconds(claims.GetProperty("exp").GetInt64())
            .ShouldBeInRange(DateTimeOffset.UtcNow.AddMinutes(55), DateTimeOffset.UtcNow.AddMinutes(61));
    }

    [TestCase("token")]
    [TestCase("token", "--project")]
    [TestCase("token", "--project", "")]
    [TestCase("token", "--projekt", "demo")]
    [TestCase("token", "--project", "demo", "--hours", "0")]
    [TestCase("token", "--project", "demo", "--hours", "soon")]
    [TestCase("token", "--project", "demo", "--hours", "100000")]
    [TestCase("token", "--project", "demo", "--role", "nonsense")]
    [TestCase("token", "--project", "12345678901234567890123456789012345678901234567890123456789012345")]
    [TestCase("token", "--project", " ")]
    [TestCase("token", "demo")]
    public async Task Token_with_invalid_arguments_prints_the_usage_and_exits_with_2(params string[] arguments)
    {
        var ended = await ServiceProcess.RunAsync(Development, arguments);

        ended.ExitCode.ShouldBe(2);
        ended.Output.ShouldBeEmpty();
        ended.Error.ShouldContain("--project <NAME>");
    }

    [Test]
    public async Task Token_with_an_at_sign_and_an_equals_sign_in_its_arguments_prints_a_token()
    {
        var printed = await ServiceProcess.RunAsync(Development, "token", "--project", "@demo", "--role=reader");

        printed.ExitCode.ShouldBe(0, printed.Error);
        var claims = JsonElement.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(printed.Output.Split('.')[1]));
        claims.GetProperty("project_id").GetString().ShouldBe("@demo");
        claims.GetProperty("roles").EnumerateArray().Select(role => role.GetString()).ShouldBe(["reader"]);
    }

    [Test]
    public async Task Token_with_an_unknown_role_names_the_known_ones()
    {
        var ended = await ServiceProcess.RunAsync(Development, "token", "--project", "demo", "--role", "nonsense");

        ended.ExitCode.ShouldBe(2);
        ended.Error.ShouldContain("--role nonsense is not one of reader, member, admin, heat_stack_user.");
    }

    [TestCase("--environment", "Production")]
    [TestCase("--environment=Production")]
    public async Task Token_outside_development_prints_an_error_and_exits_with_2(params string[] settings)
    {
        var ended = await ServiceProcess.RunAsync(Development, [.. settings, "token", "--project", "demo"]);

        ended.ExitCode.ShouldBe(2, ended.Error);
        ended.Output.ShouldBeEmpty();
        ended.Error.ShouldContain("--environment Development token");
    }

    [Test]
    public async Task Openapi_prints_the_document_that_the_service_returns()
    {
        var printed = await ServiceProcess.RunAsync(Development, "openapi");
        var served = await TestRun.Service.GetAsync("/openapi/v1.json");

        printed.ExitCode.ShouldBe(0, printed.Error);
        var document = JsonElement.Parse(printed.Output);
        document.GetProperty("openapi").GetString().ShouldStartWith("3.");
        JsonElement.DeepEquals(document.GetProperty("paths"), served.ShouldBeOk().Json.GetProperty("paths")).ShouldBeTrue();
        JsonElement.DeepEquals(document.GetProperty("components"), served.Json.GetProperty("components")).ShouldBeTrue();
    }

    [Test]
    public async Task Healthcheck_exits_with_0_only_if_the_service_is_ready()
    {
        var port = TestRun.Service.Address.Port.ToString(CultureInfo.InvariantCulture);

        var ready = await CheckAsync("", port);
        var readyByAddress = await CheckAsync($"http://127.0.0.1:{port}", "1");
        var absent = await CheckAsync("", "1");

        readyByAddress.ExitCode.ShouldBe(0, readyByAddress.Error);
        ready.ExitCode.ShouldBe(0, ready.Error);
        absent.ExitCode.ShouldNotBe(0);
    }

    [Test]
    public async Task Healthcheck_ignores_the_proxy_variables()
    {
        var settings = new Dictionary<string, string>(Production) { ["ASPNETCORE_URLS"] = TestRun.Service.Address.ToString() };
        foreach (var variable in new[] { "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy" })
        {
            settings[variable] = "http://127.0.0.1:1";
        }

        var ended = await ServiceProcess.RunAsync(settings, "healthcheck");

        ended.ExitCode.ShouldBe(0, ended.Error);
    }

    [TestCase("http://+:{0}")]
    [TestCase("http://*:{0}")]
    [TestCase("http://0.0.0.0:{0}")]
    [TestCase("http://[::]:{0}")]
    [TestCase("http://localhost:{0}/")]
    [TestCase("http://any-name.example:{0}")]
    [TestCase("http://127.0.0.1:{0};http://127.0.0.1:1")]
    [TestCase(";http://127.0.0.1:{0};")]
    public async Task Healthcheck_supports_every_address_format_of_the_server(string urls) =>
        await ShouldBeReadyAsync(urls.Replace("{0}", Port(TestRun.Service), StringComparison.Ordinal));

    [Test]
    public async Task Healthcheck_reads_addresses_and_ports_from_every_setting_of_the_server()
    {
        var port = Port(TestRun.Service);
        var nowhere = new Dictionary<string, string>(Production) { ["ASPNETCORE_URLS"] = "http://127.0.0.1:1" };
        var unset = new Dictionary<string, string>(Production) { ["ASPNETCORE_URLS"] = string.Empty };

        var byArgument = await ServiceProcess.RunAsync(nowhere, "--urls", $"http://127.0.0.1:{port}", "healthcheck");
        var byPort = await ServiceProcess.RunAsync(new Dictionary<string, string>(unset) { ["ASPNETCORE_HTTP_PORTS"] = $"{port};1" }, "healthcheck");
        var byDotnetPort = await ServiceProcess.RunAsync(new Dictionary<string, string>(unset) { ["DOTNET_HTTP_PORTS"] = port }, "healthcheck");
        var byEndpoint = await ServiceProcess.RunAsync(new Dictionary<string, string>(nowhere) { ["Kestrel:Endpoints:Main:Url"] = $"http://127.0.0.1:{port}" }, "healthcheck");

        foreach (var ended in new[] { byArgument, byPort, byDotnetPort, byEndpoint })
        {
            ended.ExitCode.ShouldBe(0, ended.Error);
        }
    }

    [Test]
    public async Task Healthcheck_of_a_service_that_listens_only_on_IPv6_exits_with_0()
    {
        await using var service = await StartAsync("http://[::1]:0");

        await ShouldBeReadyAsync($"http://[::1]:{Port(service)}");
    }

    [Test]
    public async Task Healthcheck_of_a_service_with_an_invalid_certificate_exits_with_0()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=api.example.org", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddDays(-1));
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}");
        await using var service = await StartAsync("https://127.0.0.1:0", ("Kestrel:Certificates:Default:Path", file), ("Kestrel:Certificates:Default:KeyPath", file));
        File.Delete(file);

        await ShouldBeReadyAsync($"https://127.0.0.1:{Port(service)}");
        await ShouldBeReadyAsync(string.Empty, Port(service));
    }

    [TestCase("tokn", "--project", "demo")]
    [TestCase("openapi", "extra")]
    [TestCase("-x=1")]
    [TestCase("version", "--project", "demo")]
    public async Task Unknown_command_prints_the_usage_and_exits_with_2(params string[] command)
    {
        var ended = await ServiceProcess.RunAsync(Development, command);

        ended.ExitCode.ShouldBe(2);
        ended.Output.ShouldBeEmpty();
        ended.Error.ShouldContain("was not understood");
        ended.Error.ShouldContain("Usage:");
    }

    [TestCase("version")]
    [TestCase("--version")]
    [TestCase("--environment", "Production", "--version")]
    public async Task Version_prints_the_version_and_the_commit(params string[] arguments)
    {
        var printed = await ServiceProcess.RunAsync(Production, arguments);

        printed.ExitCode.ShouldBe(0, printed.Error);
        printed.Output.TrimEnd().ShouldBe(Service.Version);
        printed.Output.TrimEnd().ShouldMatch(@"^\d+\.\d+\.\d+(-[0-9a-z.]+)?(\+[0-9a-f]{40})?$");
    }

    [TestCase("Usage:", "--help")]
    [TestCase("token", "help")]
    [TestCase("--role <ROLE>", "token", "--help")]
    [TestCase("--script", "migrate", "--help")]
    [TestCase("Exit code 0", "healthcheck", "-h")]
    [TestCase("--dry-run", "prune", "--help")]
    [TestCase("Usage:", "openapi", "--help")]
    [TestCase("Usage:", "version", "--help")]
    public async Task Help_prints_the_usage_and_exits_with_0(string part, params string[] arguments)
    {
        var printed = await ServiceProcess.RunAsync(Production, arguments);

        printed.ExitCode.ShouldBe(0);
        printed.Error.ShouldBeEmpty();
        printed.Output.ShouldContain(part);
    }

    [Test]
    public async Task Migrate_applies_and_names_the_missing_migrations_and_then_has_nothing_to_do()
    {
        var settings = new Dictionary<string, string>(Production) { ["ConnectionStrings:Deployments"] = await TestRun.Server.CreateDatabaseAsync() };

        var first = await ServiceProcess.RunAsync(settings, "migrate");
        var second = await ServiceProcess.RunAsync(settings, "migrate");

        first.ExitCode.ShouldBe(0, first.Error);
        first.Output.TrimEnd().Split(Environment.NewLine).ShouldBe(
            [.. (await MigrationsAsync(settings["ConnectionStrings:Deployments"])).Select(name => $"Applying {name}."), "The schema is current."]);
        second.ExitCode.ShouldBe(0, second.Error);
        second.Output.TrimEnd().ShouldBe("Nothing to do: the schema is current.");
    }

    [TestCase("Host=127.0.0.1;Port=1;Database=d;Username=u;Password=unsaid", "The schema of d on 127.0.0.1:1 as u could not be migrated: Failed to connect to 127.0.0.1:1")]
    [TestCase("", "ConnectionStrings:Deployments is required")]
    [TestCase("unsaid", "ConnectionStrings:Deployments is not in Npgsql's form")]
    public async Task Migrate_without_a_usable_database_prints_one_line_and_exits_with_1(string connectionString, string reason)
    {
        var ended = await ServiceProcess.RunAsync(
            new Dictionary<string, string>(Production) { ["ConnectionStrings:Deployments"] = connectionString }, "migrate");

        ended.ExitCode.ShouldBe(1);
        ended.Output.ShouldBeEmpty();
        ended.Error.TrimEnd().Split('\n').ShouldHaveSingleItem().ShouldStartWith(reason);
        ended.Error.ShouldNotContain("unsaid");
    }

    [Test]
    public async Task Migrate_script_makes_the_schema_by_SQL_that_can_be_run_twice_and_needs_no_database()
    {
        var database = await TestRun.Server.CreateDatabaseAsync();

        var printed = await ServiceProcess.RunAsync(Production, "migrate", "--script");

        printed.ExitCode.ShouldBe(0, printed.Error);
        await ExecuteAsync(database, printed.Output);
        await ExecuteAsync(database, printed.Output);
        await using var service = await Service.StartAsync(
            database, new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:MigrateOnStart"] = "false" });
        (await service.GetAsync("/healthz/ready")).ShouldBeOk();
    }

    [Test]
    public async Task Migrate_script_from_one_migration_to_another_leads_back()
    {
        var database = await TestRun.Server.CreateDatabaseAsync();
        await ServiceProcess.RunAsync(new Dictionary<string, string>(Production) { ["ConnectionStrings:Deployments"] = database }, "migrate");
        var migrations = await MigrationsAsync(database);

        var printed = await ServiceProcess.RunAsync(Production, "migrate", "--script", "--from", migrations[^1], "--to", migrations[0]);

        printed.ExitCode.ShouldBe(0, printed.Error);
        await ExecuteAsync(database, printed.Output);
        (await MigrationsAsync(database)).ShouldBe([migrations[0]]);
    }

    [Test]
    public async Task Migrate_to_an_earlier_migration_reverts_the_later_ones_and_migrate_applies_them_again()
    {
        var settings = new Dictionary<string, string>(Production) { ["ConnectionStrings:Deployments"] = await TestRun.Server.CreateDatabaseAsync() };
        await ServiceProcess.RunAsync(settings, "migrate");
        var migrations = await MigrationsAsync(settings["ConnectionStrings:Deployments"]);

        var back = await ServiceProcess.RunAsync(settings, "migrate", "--to", migrations[0]);
        var left = await MigrationsAsync(settings["ConnectionStrings:Deployments"]);
        var forward = await ServiceProcess.RunAsync(settings, "migrate");

        back.Output.TrimEnd().Split(Environment.NewLine).ShouldBe(
            [.. migrations.Skip(1).Reverse().Select(name => $"Reverting {name}."), $"The schema is that of {migrations[0]}."], back.Error);
        left.ShouldBe([migrations[0]]);
        forward.Output.ShouldEndWith($"The schema is current.{Environment.NewLine}", Case.Sensitive, forward.Error);
        (await MigrationsAsync(settings["ConnectionStrings:Deployments"])).ShouldBe(migrations);
    }

    [TestCase("is not one of the migrations", "--script", "--from", "nonsense")]
    [TestCase("is not one of the migrations", "--script", "--to", "nonsense")]
    [TestCase("--from needs --script.", "--from", "nonsense")]
    [TestCase("is not one of the migrations", "--to", "nonsense")]
    public async Task Migrate_with_an_invalid_range_prints_an_error_and_exits_with_2(string reason, params string[] options)
    {
        var settings = new Dictionary<string, string>(Production) { ["ConnectionStrings:Deployments"] = "Host=127.0.0.1;Port=1" };

        var ended = await ServiceProcess.RunAsync(settings, ["migrate", .. options]);

        ended.ExitCode.ShouldBe(2);
        ended.Output.ShouldBeEmpty();
        ended.Error.ShouldContain(reason);
    }

    [Test]
    public async Task Migrate_that_is_terminated_cancels_its_statement_prints_one_line_and_exits_with_1()
    {
        var settings = new Dictionary<string, string>(Production) { ["ConnectionStrings:Deployments"] = await TestRun.Server.CreateDatabaseAsync() };
        await using var database = NpgsqlDataSource.Create(settings["ConnectionStrings:Deployments"]);
        await using var other = await database.OpenConnectionAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand("CREATE TABLE software_deployments ()", other); // so will the migration
        await hold.ExecuteNonQueryAsync();
        await using var waiting = database.CreateCommand(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");

        var ended = await ServiceProcess.RunAsync(settings, ["migrate"], string.Empty, async process =>
        {
            while (await waiting.ExecuteScalarAsync() is 0L)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20)); // there is no event for a statement that waits
            }

            Processes.Send(Signal.Terminate, process);
        });

        ended.ExitCode.ShouldBe(1, ended.Error);
        ended.Error.TrimEnd().Split('\n').ShouldHaveSingleItem().ShouldEndWith("was cancelled.");
        (await waiting.ExecuteScalarAsync()).ShouldBe(0L);
    }

    [Test]
    public async Task Command_whose_output_cannot_be_written_prints_one_line_and_exits_with_1(
        [Values("version", "--help", "openapi", "migrate --script")] string command, [Values(">&-", ">/dev/full")] string redirection)
    {
        var ended = await ServiceProcess.RunAsync(Production, command.Split(' '), redirection);

        ended.ExitCode.ShouldBe(1, ended.Error);
        ended.Error.TrimEnd().Split('\n').ShouldHaveSingleItem().ShouldStartWith("Standard output cannot be written.");
    }

    [Test]
    public async Task Service_whose_standard_output_is_closed_serves()
    {
        var address = new Uri($"http://127.0.0.1:{Ports.Free()}");
        var settings = new Dictionary<string, string>(Production)
        {
            ["ASPNETCORE_URLS"] = address.ToString(),
            ["ConnectionStrings:Deployments"] = TestRun.ConnectionString,
            ["Authentication:Schemes:Bearer:ValidIssuer"] = Token.TrustedIssuer,
            ["Authentication:Schemes:Bearer:ValidAudiences:0"] = Token.OurAudience,
        };
        foreach (var (name, value) in Token.SigningKeys)
        {
            settings[name] = value;
        }

        var ended = await ServiceProcess.RunAsync(settings, [], ">&-", async process =>
        {
            while ((await ServiceProcess.RunAsync(settings, "healthcheck")).ExitCode != 0)
            {
                Processes.StatOf(process).ShouldNotBeEmpty();
            }

            Processes.Send(Signal.Terminate, process);
        });

        ended.ExitCode.ShouldBe(0, ended.Error);
        ended.Error.ShouldBeEmpty();
    }

    [TestCase("migrate", "--ConnectionStrings:Deployments=Host=a;Password=unsaid")]
    [TestCase("migrate", "--from", "x=unsaid", "--script=unsaid")]
    [TestCase("token", "--bogus=unsaid")]
    [TestCase("version", "\e[31munsaid")]
    public async Task Command_that_is_not_understood_is_quoted_without_values_and_control_characters(params string[] arguments)
    {
        var ended = await ServiceProcess.RunAsync(Production, arguments);

        ended.ExitCode.ShouldBe(2, ended.Error);
        ended.Error.ShouldNotContain("=unsaid");
        ended.Error.ShouldNotContain("\e");
    }

    [Test]
    public async Task Command_that_is_not_understood_is_quoted_shortened()
    {
        var ended = await ServiceProcess.RunAsync(Production, "version", new string('a', 65));

        ended.Error.ShouldStartWith($"version {new string('a', 64)}… was not understood.");
        ended.Error.ShouldNotContain(new string('a', 65));
    }

    [TestCase("http://127.0.0.1:99999")]
    [TestCase("http://127.0.0.1:-5")]
    [TestCase("ftp://127.0.0.1")]
    [TestCase("http://user:unsaid@127.0.0.1")]
    [TestCase("http://unix:/tmp/socket")]
    [TestCase("nonsense")]
    public async Task Healthcheck_of_an_invalid_address_prints_one_line_and_exits_with_1(string urls)
    {
        var ended = await CheckAsync(urls, "1");

        ended.ExitCode.ShouldBe(1, ended.Error);
        ended.Error.TrimEnd().Split('\n').ShouldHaveSingleItem().ShouldNotContain("unsaid");
    }

    [TestCase("--force", "migrate")]
    [TestCase("--environment", "Development", "--", "token", "--project", "a")]
    [TestCase("--environment", "token")]
    public async Task Setting_that_takes_a_command_for_its_value_prints_the_usage_and_exits_with_2(params string[] arguments)
    {
        var ended = await ServiceProcess.RunAsync(Production, arguments);

        ended.ExitCode.ShouldBe(2, ended.Error);
        ended.Error.ShouldContain("was not understood");
    }

    private static async Task<IReadOnlyList<string>> MigrationsAsync(string connectionString)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var ask = database.CreateCommand("""SELECT migration_id FROM "__EFMigrationsHistory" ORDER BY migration_id""");
        await using var rows = await ask.ExecuteReaderAsync();
        var migrations = new List<string>();
        while (await rows.ReadAsync())
        {
            migrations.Add(rows.GetString(0));
        }

        return migrations;
    }

    private static async Task ExecuteAsync(string connectionString, string script)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var command = database.CreateCommand(script);
        await command.ExecuteNonQueryAsync();
    }

    private static string Port(Service service) => service.Address.Port.ToString(CultureInfo.InvariantCulture);

    private static Task<Service> StartAsync(string url, params (string Name, string Value)[] others)
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys) { ["urls"] = url };
        foreach (var (name, value) in others)
        {
            settings[name] = value;
        }

        return Service.StartAsync(TestRun.ConnectionString, settings);
    }

    private static async Task ShouldBeReadyAsync(string urls, string httpsPorts = "")
    {
        var settings = new Dictionary<string, string>(Production) { ["ASPNETCORE_URLS"] = urls, ["ASPNETCORE_HTTPS_PORTS"] = httpsPorts };
        var ended = await ServiceProcess.RunAsync(settings, "healthcheck");

        ended.ExitCode.ShouldBe(0, ended.Error);
    }

    private static Task<ProcessResult> CheckAsync(string urls, string ports) => ServiceProcess.RunAsync(
        new Dictionary<string, string>(Production) { ["ASPNETCORE_URLS"] = urls, ["ASPNETCORE_HTTP_PORTS"] = ports }, "healthcheck");
}
