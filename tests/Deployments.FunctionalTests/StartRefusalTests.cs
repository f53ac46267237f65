using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>An unsafe or invalid configuration ends the program at start with one line that names the reason.</summary>
public sealed class StartRefusalTests
{
    private const string Password = "a-password-that-stays-unsaid";
    private const string Key = "Authentication:Schemes:Bearer:SigningKeys:0:Value";

    private static IEnumerable<TestCaseData> UnusableSettings =>
    [
        Case("no connection string", "ConnectionStrings:Deployments", settings => settings.Remove("ConnectionStrings:Deployments")),
        Case("a connection string of another form", "ConnectionStrings:Deployments", settings => settings["ConnectionStrings:Deployments"] = Password),
        Case(
            "a part of a connection string that is unknown",
            "ConnectionStrings:Deployments",
            settings => settings["ConnectionStrings:Deployments"] += $";{Password}=x"),
        Case("a port beyond all", "ConnectionStrings:Deployments", settings => settings["ConnectionStrings:Deployments"] += ";Port=65536"),
        Case("a port beyond all of one host", "ConnectionStrings:Deployments", settings => settings["ConnectionStrings:Deployments"] += ";Host=one:5432,two:65536"),
        Case("a port of very many digits", "ConnectionStrings:Deployments", settings => settings["ConnectionStrings:Deployments"] += ";Host=one:99999999999"),
        Case("a connection string past a pooler of another form", "ConnectionStrings:Listen", settings => settings["ConnectionStrings:Listen"] = Password),
        Case("an unknown pooler", "Deployments:Pooler is Statement, and must be None or Transaction.", settings => settings["Deployments:Pooler"] = "Statement"),
        Case("a pooler by a number", "Deployments:Pooler is 1, and must be None or Transaction.", settings => settings["Deployments:Pooler"] = "1"),
        Case("two poolers", "Deployments:Pooler is None,Transaction, and must be None or Transaction.", settings => settings["Deployments:Pooler"] = "None,Transaction"),
        Case("a proxy that is no address", "Deployments:Proxies", settings => settings["Deployments:Proxies:0"] = "nonsense"),
        Case("neither true nor false", "Deployments:MigrateOnStart", settings => settings["Deployments:MigrateOnStart"] = "yes"),
        Case("a unit", "Deployments:MaxBodyBytes is 1MB, and must be an integer.", settings => settings["Deployments:MaxBodyBytes"] = "1MB"),
        Case("a number beyond all", "Deployments:MaxBodyBytes is 9999999999, and must be an integer.", settings => settings["Deployments:MaxBodyBytes"] = "9999999999"),
        Case("nothing", "Deployments:RequestTimeoutSeconds is  , and must be an integer.", settings => settings["Deployments:RequestTimeoutSeconds"] = " "),
        Case("a word for a rate", "Deployments:RateLimit:PerSecond is ten, and must be a number.", settings => settings["Deployments:RateLimit:PerSecond"] = "ten"),
        Case("a word for a burst", "Deployments:RateLimit:Burst is ten, and must be an integer.", settings => settings["Deployments:RateLimit:Burst"] = "ten"),
        Case("a word for true", "Deployments:MigrateOnStart is 1, and must be true or false.", settings => settings["Deployments:MigrateOnStart"] = "1"),
        Case("a time format", "Deployments:TimeFormat is it's 'x' to type 'y', and must be Utc or Zoneless.", settings => settings["Deployments:TimeFormat"] = "it's 'x' to type 'y'"),
        Case("two faults in one section", "MaxBodyBytes is 0, and must be from 1 to 1073741824. Deployments:RequestTimeoutSeconds is 0, and must be", settings =>
        {
            settings["Deployments:MaxBodyBytes"] = "0";
            settings["Deployments:RequestTimeoutSeconds"] = "0";
        }),
        Case("faults in two sections", "Deployments:MaxBodyBytes is 0, and must be from 1 to 1073741824.", settings =>
        {
            settings["Deployments:MaxBodyBytes"] = "0";
            settings["ConnectionStrings:Deployments"] = Password;
        }),
        Case("no day", "Deployments:RetainDays is 0, and must be from 1 to 3650.", settings => settings["Deployments:RetainDays"] = "0"),
        Case("none to retain", "Deployments:RetainPerServer is 0, and must be from 1 to 1000.", settings => settings["Deployments:RetainPerServer"] = "0"),
        Case("no day for configurations", "Deployments:RetainUnusedConfigDays is 3651, and must be from 1 to 3650.", settings => settings["Deployments:RetainUnusedConfigDays"] = "3651"),
        Case("a time format by a number", "Deployments:TimeFormat is 7, and must be Utc or Zoneless.", settings => settings["Deployments:TimeFormat"] = "7"),
        Case("a misspelt log level", "Logging:LogLevel:Default is Informaton, and must be one of Trace, Debug,", settings => settings["Logging:LogLevel:Default"] = "Informaton"),
        Case("a misspelt log level of one log", "Logging:Console:LogLevel:Npgsql is Wran,", settings => settings["Logging:Console:LogLevel:Npgsql"] = "Wran"),
        Case("a log level by a number", "Logging:LogLevel:Default is 42, and must be one of", settings => settings["Logging:LogLevel:Default"] = "42"),
        Case("two log levels", "Logging:LogLevel:Default is Error,Warning, and must be one of", settings => settings["Logging:LogLevel:Default"] = "Error,Warning"),
        WithAuthority("id.example.org/realm"),
        WithAuthority($"user:{Password}@127.0.0.1"),
        WithAuthority($"ftp://user:{Password}@127.0.0.1"),
        WithHost($"postgres://dep:{Password}@127.0.0.1:5432/dep"),
        WithHost($"dep:{Password}@127.0.0.1"),
        WithAddress("http://127.0.0.1:99999"),
        WithAddress("http://127.0.0.1:-5"),
        WithAddress("http://127.0.0.1:http"),
        WithAddress("http://127.0.0.1:0;ftp://127.0.0.1:0"),
        WithAddress("http://127.0.0.1:0/path"),
        WithAddress($"http://user:{Password}@127.0.0.1:0"),
        Case("a port that is none", "ASPNETCORE_HTTP_PORTS must be an address", settings =>
            (settings["ASPNETCORE_URLS"], settings["ASPNETCORE_HTTP_PORTS"]) = (string.Empty, "99999")),
        Case("an endpoint without an address", "Kestrel:Endpoints:A:Url must be an address", settings => settings["Kestrel:Endpoints:A:Protocols"] = "Http1"),
        Case("https without a certificate", "no certificate is configured", settings =>
            (settings["ASPNETCORE_URLS"], settings["HOME"]) = ("https://127.0.0.1:0", "/nowhere")), // the home folder may have a certificate for development
        Case("a certificate that is not there", "Kestrel:Certificates:Default:Path is nowhere.pem, which is not a file.", settings =>
            (settings["ASPNETCORE_URLS"], settings["Kestrel:Certificates:Default:Path"]) = ("https://127.0.0.1:0", "nowhere.pem")),
        Case("an address of another machine", "ASPNETCORE_URLS or --urls chooses another.", settings => settings["ASPNETCORE_URLS"] = "http://192.0.2.1:80"),
        Case("an address without a form", "ASPNETCORE_URLS", settings => settings["ASPNETCORE_URLS"] = "nonsense"),
        Case("no number", "Deployments:MaxBodyBytes", settings => settings["Deployments:MaxBodyBytes"] = "many"),
        Case("no key source", "Authentication", settings =>
        {
            settings.Remove(Key);
            settings.Remove("Authentication:Schemes:Bearer:SigningKeys:0:Issuer");
        }),
        Case("no issuer", "ValidIssuer", settings => settings.Remove("Authentication:Schemes:Bearer:ValidIssuer")),
        Case("no audience", "ValidAudiences", settings => settings.Remove("Authentication:Schemes:Bearer:ValidAudiences:0")),
        Case("a key of another issuer", "ValidIssuer", settings => settings["Authentication:Schemes:Bearer:SigningKeys:0:Issuer"] = "others"),
        WithKey("the development key", Encoding.UTF8.GetBytes("deployments: the development key, known to everybody")),
        WithKey("a short secret", RandomNumberGenerator.GetBytes(31)),
        WithKey("an empty secret", []),
        WithKey("an RSA public key in PEM", Encoding.ASCII.GetBytes(OfRsa(key => key.ExportSubjectPublicKeyInfoPem()))),
        WithKey("an RSA public key in DER", OfRsa(key => key.ExportSubjectPublicKeyInfo())),
        WithKey("an RSA public key in PKCS 1", OfRsa(key => key.ExportRSAPublicKey())),
        WithKey("an EC public key in PEM", Encoding.ASCII.GetBytes("\n" + OfEc(key => key.ExportSubjectPublicKeyInfoPem()))),
        WithKey("an EC public key in DER", OfEc(key => key.ExportSubjectPublicKeyInfo())),
        Case("a bare PEM", Key, settings => settings[Key] = OfRsa(key => key.ExportSubjectPublicKeyInfoPem())),
        Case("a secret that is no base64", Key, settings => settings[Key] = "correct horse battery staple, for 32 bytes"),
        Case("a network of another form", "Deployments:Proxies", settings => settings["Deployments:Proxies:0"] = "10.0.0.1/8/9"),
        Case("a proxy that is in no list", "Deployments:Proxies:0", settings => settings["Deployments:Proxies"] = "10.0.0.0/8"),
        Case("an origin that is in no list", "Deployments:CorsOrigins:0", settings => settings["Deployments:CorsOrigins"] = "https://a.example.org"),
        Case("an origin that is none", "Deployments:CorsOrigins", settings => settings["Deployments:CorsOrigins:0"] = "console.example.org"),
        Case("an origin with a slash at its end", "Deployments:CorsOrigins", settings => settings["Deployments:CorsOrigins:0"] = "https://console.example.org/"),
        Case("an origin with a user", "Deployments:CorsOrigins", settings => settings["Deployments:CorsOrigins:0"] = "https://u@console.example.org"),
        Case("an origin in other letters", "Deployments:CorsOrigins", settings => settings["Deployments:CorsOrigins:0"] = "https://bücher.example"),
        Case("every origin", "Deployments:CorsOrigins", settings => settings["Deployments:CorsOrigins:0"] = "*"),
        Case("a collector that is no address", "OTEL_EXPORTER_OTLP_ENDPOINT", settings => settings["OTEL_EXPORTER_OTLP_ENDPOINT"] = "collector:4317"),
        WithCollector("OTEL_EXPORTER_OTLP_PROTOCOL", "banana"),
        WithCollector("OTEL_EXPORTER_OTLP_HEADERS", "a-token-alone"),
        WithCollector("OTEL_TRACES_SAMPLER", "banana"),
        WithCollector("OTEL_TRACES_SAMPLER_ARG", "1.1"),
        WithCollector("OTEL_METRIC_EXPORT_INTERVAL", "0"),
        Case("an unknown time format", "Deployments:TimeFormat", settings => settings["Deployments:TimeFormat"] = "banana"),
        Case("an unknown rule for configs", "Deployments:ConfigReferences", settings => settings["Deployments:ConfigReferences"] = "banana"),
        Case("no time for a request", "Deployments:RequestTimeoutSeconds", settings => settings["Deployments:RequestTimeoutSeconds"] = "0"),
        Case("a rate of nothing", "Deployments:RateLimit:PerSecond", settings => settings["Deployments:RateLimit:PerSecond"] = "0"),
        Case("a rate that is no number", "Deployments:RateLimit:PerSecond", settings => settings["Deployments:RateLimit:PerSecond"] = "NaN"),
        Case("a burst without a rate", "Deployments:RateLimit:PerSecond", settings => settings["Deployments:RateLimit:Burst"] = "5"),
        Case("a burst of nothing", "Deployments:RateLimit:Burst", settings =>
        {
            settings["Deployments:RateLimit:PerSecond"] = "1";
            settings["Deployments:RateLimit:Burst"] = "0";
        }),
        Case("a rate of nothing for agents", "Deployments:AgentRateLimit:PerSecond is 0, and must be from", settings => settings["Deployments:AgentRateLimit:PerSecond"] = "0"),
        Case("a public address without a scheme", "Deployments:PublicUrl must be an address", settings => settings["Deployments:PublicUrl"] = "deployments.example.org"),
        Case("a public address of another scheme", "Deployments:PublicUrl must be an address", settings => settings["Deployments:PublicUrl"] = "ftp://deployments.example.org"),
        Case("a public address with a user", "Deployments:PublicUrl must be an address", settings => settings["Deployments:PublicUrl"] = $"https://user:{Password}@example.org"),
        Case("a public address with a query", "Deployments:PublicUrl must be an address", settings => settings["Deployments:PublicUrl"] = "https://example.org/?a=b"),
        Case("a public address with an empty query", "Deployments:PublicUrl must be an address", settings => settings["Deployments:PublicUrl"] = "https://example.org/?"),
        WithAgentKey("a short key of agents", RandomNumberGenerator.GetBytes(31)),
        WithAgentKey("an empty key of agents", []),
        WithAgentKey("the development key of agents", Encoding.UTF8.GetBytes("deployments: the development key of agents, known to everybody")),
        Case("a key of agents that is not base64", "Deployments:AgentKeys:0 must be", settings => settings["Deployments:AgentKeys:0"] = Password),
        Case("a second key of agents that is short", "Deployments:AgentKeys:1 must be", settings =>
        {
            settings["Deployments:AgentKeys:0"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
            settings["Deployments:AgentKeys:1"] = "AAAA";
        }),
        Case("a key of agents that is in no list", "Deployments:AgentKeys:0", settings => settings["Deployments:AgentKeys"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))),
        Case("a burst that cannot hold the rate", "Deployments:RateLimit:Burst", settings =>
        {
            settings["Deployments:RateLimit:PerSecond"] = "50";
            settings["Deployments:RateLimit:Burst"] = "4";
        }),
        Case("a limit that is no number", "Deployments:MaxBatchBytes", settings => settings["Deployments:MaxBatchBytes"] = "16 MiB"),
        Case(
            "a word for true that the framework reads",
            "Authentication:Schemes:Bearer:RequireHttpsMetadata is yes, and must be true or false.",
            settings => settings["Authentication:Schemes:Bearer:RequireHttpsMetadata"] = "yes"),
        Case("a folder that is not there", "Authentication:PublicKeys", settings => settings["Authentication:PublicKeys"] = "nowhere"),
    ];

    [TestCaseSource(nameof(UnusableSettings))]
    public async Task Start_with_an_invalid_setting_prints_one_line_and_exits_with_1(Action<Dictionary<string, string>> change, string setting)
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys)
        {
            ["DOTNET_ENVIRONMENT"] = "Production",
            ["ConnectionStrings:Deployments"] = $"Host=127.0.0.1;Port=1;Username=nobody;Password={Password}",
            ["Authentication:Schemes:Bearer:ValidIssuer"] = Token.TrustedIssuer,
            ["Authentication:Schemes:Bearer:ValidAudiences:0"] = Token.OurAudience,
        };
        change(settings);

        var ended = await ServiceProcess.RunAsync(settings);

        ended.ExitCode.ShouldBe(1, ended.Output);
        ended.Error.TrimEnd().Split('\n').Length.ShouldBe(1, ended.Error);
        ended.Error.ShouldContain(setting);
        ended.Output.ShouldBeEmpty();
        ended.Error.ShouldNotContain(Password);
        ended.Error.ShouldNotContain("Deployments.Api."); // no type names
        ended.Error.ShouldNotContain("System.");
        if (settings.TryGetValue(Key, out var value) && value.Length > 0)
        {
            ended.Error.ShouldNotContain(value);
        }
    }

    [TestCase("")]
    [TestCase("Host=127.0.0.1;Port=1")]
    public async Task Start_without_settings_names_Development(string connectionString)
    {
        var ended = await ServiceProcess.RunAsync(new Dictionary<string, string> { ["ConnectionStrings:Deployments"] = connectionString });

        ended.ExitCode.ShouldBe(1, ended.Output);
        ended.Error.TrimEnd().ShouldEndWith("start it in Development: --environment Development.");
    }

    [Test]
    public async Task Start_with_a_private_key_in_the_folder_of_public_keys_prints_one_line_and_exits_with_1()
    {
        using var keys = new KeyFolder();
        await File.WriteAllTextAsync(Path.Combine(keys.Path, "private.pem"), OfEc(key => key.ExportPkcs8PrivateKeyPem()));

        await Start_with_an_invalid_setting_prints_one_line_and_exits_with_1(
            settings => settings["Authentication:PublicKeys"] = keys.Path, "Authentication:PublicKeys");
    }

    [Test]
    public async Task Start_with_a_key_file_that_is_not_a_short_regular_file_prints_one_line_and_exits_with_1([Values] bool pipe)
    {
        using var keys = new KeyFolder();
        var file = Path.Combine(keys.Path, "other.pem");
        if (pipe)
        {
            await Process.Start("mkfifo", [file]).WaitForExitAsync();
        }
        else
        {
            await File.WriteAllTextAsync(file, new string(' ', 64 * 1024) + OfEc(key => key.ExportSubjectPublicKeyInfoPem()));
        }

        await Start_with_an_invalid_setting_prints_one_line_and_exits_with_1(
            settings => settings["Authentication:PublicKeys"] = keys.Path, "other.pem cannot be read: it must be a regular file");
    }

    private static TestCaseData WithAuthority(string address) => Case(
        $"the authority {address}", "Authentication:Schemes:Bearer:Authority must be an absolute address", settings => settings["Authentication:Schemes:Bearer:Authority"] = address);

    private static TestCaseData WithHost(string host) => Case(
        $"the host {host}", "is not in Npgsql's form", settings => settings["ConnectionStrings:Deployments"] = $"Host={host}");

    private static TestCaseData WithAddress(string address) => Case(
        $"the address {address}", "ASPNETCORE_URLS or --urls must be an address", settings => settings["ASPNETCORE_URLS"] = address);

    private static TestCaseData WithKey(string name, byte[] key) => Case(name, Key, settings => settings[Key] = Convert.ToBase64String(key));

    private static TestCaseData WithAgentKey(string name, byte[] key) =>
        Case(name, "Deployments:AgentKeys:0", settings => settings["Deployments:AgentKeys:0"] = Convert.ToBase64String(key));

    private static TestCaseData WithCollector(string variable, string value) => Case($"{variable} {value}", variable, settings =>
    {
        settings["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:4317";
        settings[variable] = value;
    });

    private static TestCaseData Case(string name, string setting, Action<Dictionary<string, string>> change) =>
        new TestCaseData(change, setting).SetArgDisplayNames(name);

    private static T OfRsa<T>(Func<RSA, T> export)
    {
        using var key = RSA.Create(2048);
        return export(key);
    }

    private static T OfEc<T>(Func<ECDsa, T> export)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return export(key);
    }
}
