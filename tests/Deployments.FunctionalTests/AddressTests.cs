using System.Net;
using Deployments.FunctionalTests.Support;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Links are absolute and use the address by which the caller reached the service.</summary>
public sealed class AddressTests
{
    private const string ForwardedCategory = "Deployments.Api.Middleware.ForwardedAddresses";

    private static readonly (string Name, string Value)[] Forwarded =
    [
        ("X-Forwarded-For", "203.0.113.7"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "api.example.org:8443"),
        ("X-Forwarded-Prefix", "/orchestration"),
    ];

    private static IEnumerable<string[]> Proxies => [["127.0.0.1"], ["10.0.0.0/8", "127.0.0.0/8"], ["::1", "127.0.0.1"]];

    [Test]
    public async Task Get_root_without_a_token_returns_300_with_the_versions()
    {
        var response = await TestRun.Service.GetAsync("/");

        response.Status.ShouldBe(HttpStatusCode.MultipleChoices);
        response.Headers["Content-Type"].ShouldStartWith("application/json");
        response.Text.ShouldBe(
            $$$"""{"versions":[{"id":"v1.0","status":"CURRENT","links":[{"rel":"self","href":"{{{TestRun.Service.Address}}}v1/"}]}]}""");
        response.RequestId.ShouldMatch(ApiResponse.RequestIdForm().ToString());
    }

    [Test]
    public async Task Get_root_returns_links_with_the_host_of_the_request()
    {
        var request = Requests.Make(HttpMethod.Get, "/");
        request.Headers.Host = "deployments.example.org";

        (await TestRun.Service.SendAsync(request)).Text.ShouldContain("\"http://deployments.example.org/v1/\"");
    }

    [TestCaseSource(nameof(Proxies))]
    public async Task Links_use_the_forwarded_headers_of_a_configured_proxy(params string[] proxies)
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys);
        foreach (var (index, proxy) in proxies.Index())
        {
            settings[$"Deployments:Proxies:{index}"] = proxy;
        }

        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, settings);

        (await AddressesAsync(service)).ShouldAllBe(href => href.StartsWith(
            "https://api.example.org:8443/orchestration/v1/", StringComparison.Ordinal));
    }

    [Test]
    public async Task Links_ignore_the_forwarded_headers_of_other_callers()
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:Proxies:0"] = "192.0.2.0/24" };
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, settings);

        foreach (var untrusting in new[] { service, TestRun.Service })
        {
            (await AddressesAsync(untrusting)).ShouldAllBe(href => href.StartsWith($"{untrusting.Address}v1/", StringComparison.Ordinal));
        }
    }

    [Test]
    public async Task Forwarded_headers_of_a_sender_that_is_no_configured_proxy_are_logged_once_without_their_values()
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:Proxies:0"] = "192.0.2.0/24" };
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, settings);

        await service.GetAsync("/", Forwarded);
        await service.GetAsync("/", Forwarded[2]);

        var line = service.Log.Lines.Where(line => line.Category == ForwardedCategory).ShouldHaveSingleItem();
        line.Level.ShouldBe(LogLevel.Warning);
        line.Message.ShouldContain("127.0.0.1");
        line.Message.ShouldContain("Deployments:Proxies");
        Forwarded.ShouldAllBe(header => !line.Text.Contains(header.Value));
    }

    [Test]
    public async Task Forwarded_headers_of_a_configured_proxy_are_not_logged_whatever_its_client_has_sent()
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:Proxies:0"] = "127.0.0.0/8" };
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, settings);

        await service.GetAsync("/", ("X-Forwarded-For", "198.51.100.1, 203.0.113.5"), ("X-Forwarded-Proto", "https, https"));
        await service.GetAsync("/", ("X-Forwarded-For", "nonsense"), ("X-Forwarded-Host", "a b"));
        await service.GetAsync("/");

        service.Log.Lines.ShouldNotContain(line => line.Category == ForwardedCategory);
    }

    [TestCase("203.0.113.5, 10.0.0.7", "https, http", "api.example.org, inner", "https://api.example.org/v1/", TestName = "Two proxies")]
    [TestCase(
        "198.51.100.1, 203.0.113.5, 10.0.0.7", "http, https, http", "spoofed.example, api.example.org, inner", "https://api.example.org/v1/",
        TestName = "Two proxies and a client that sent a chain of its own")]
    [TestCase("203.0.113.5, 10.0.0.8", "https, http", "api.example.org, inner", "http://inner/v1/", TestName = "Two proxies of which one is not configured")]
    [TestCase(null, "http, https", "spoofed.example, api.example.org", "https://api.example.org/v1/", TestName = "A proxy that names no client")]
    public async Task Links_use_forwarded_headers_up_to_the_first_address_that_is_not_a_configured_proxy(
        string? addresses, string schemes, string hosts, string expected)
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys)
        {
            ["Deployments:Proxies:0"] = "127.0.0.1",
            ["Deployments:Proxies:1"] = "10.0.0.7",
        };
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, settings);
        (string, string)[] client = addresses is null ? [] : [("X-Forwarded-For", addresses)];

        var response = await service.GetAsync("/", [.. client, ("X-Forwarded-Proto", schemes), ("X-Forwarded-Host", hosts)]);

        response.Text.ShouldContain($"\"{expected}\"");
    }

    [Test]
    public async Task Links_ignore_forwarded_headers_when_only_ASPNETCORE_FORWARDEDHEADERS_ENABLED_is_set()
    {
        await using var running = await ServiceProcess.StartAsync(new Dictionary<string, string>(Token.SigningKeys)
        {
            ["ASPNETCORE_FORWARDEDHEADERS_ENABLED"] = "true",
            ["ConnectionStrings:Deployments"] = TestRun.ConnectionString,
            ["Authentication:Schemes:Bearer:ValidIssuer"] = Token.TrustedIssuer,
            ["Authentication:Schemes:Bearer:ValidAudiences:0"] = Token.OurAudience,
        });
        using var request = Requests.Make(
            HttpMethod.Get, "/", ("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "api.example.org"));

        using var response = await running.Http.SendAsync(request);

        (await response.Content.ReadAsStringAsync()).ShouldContain($"\"{running.Http.BaseAddress}v1/\"");
    }

    [TestCase("X-Forwarded-Prefix", "/elsewhere")]
    [TestCase("X-Forwarded-Prefix", "/\"+alert(document.domain)+\"")]
    [TestCase("X-Forwarded-Prefix", "/\\elsewhere.example")]
    [TestCase("X-Forwarded-Host", "elsewhere.example")]
    [TestCase("X-Forwarded-Host", "a b<>")]
    [TestCase("X-Forwarded-Host", ":")]
    [TestCase("X-Forwarded-Proto", "javascript")]
    public async Task Openapi_document_and_Swagger_page_ignore_the_forwarded_headers_of_other_callers(string name, string value)
    {
        foreach (var path in new[] { "/openapi/v1.json", "/swagger", "/swagger/index.html?url=/openapi/v1.json" })
        {
            var plain = await TestRun.Service.GetAsync(path);
            var forwarded = await TestRun.Service.GetAsync(path, ("X-Forwarded-Host", "h"), ("X-Forwarded-Proto", "a b"), (name, value));
            var again = await TestRun.Service.GetAsync(path);

            ((int)plain.Status).ShouldBeOneOf(200, 302);
            foreach (var response in new[] { forwarded, again })
            {
                response.Status.ShouldBe(plain.Status);
                response.Text.ShouldBe(plain.Text);
                response.Headers.GetValueOrDefault("Location").ShouldBe(plain.Headers.GetValueOrDefault("Location"));
            }
        }
    }

    [Test]
    public async Task Openapi_document_is_the_same_for_every_host_header()
    {
        var plain = await TestRun.Service.GetAsync("/openapi/v1.json");
        var request = Requests.Make(HttpMethod.Get, "/openapi/v1.json");
        request.Headers.Host = "deployments.example.org";

        (await TestRun.Service.SendAsync(request)).ShouldBeOk().Text.ShouldBe(plain.ShouldBeOk().Text);
        plain.Json.TryGetProperty("servers", out _).ShouldBeFalse("Generated clients would take it for their address.");
    }

    [Test]
    public async Task Requests_with_a_host_that_is_not_allowed_return_400_with_an_empty_body()
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys) { ["AllowedHosts"] = "api.example.org;127.0.0.1" };
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, settings);
        var request = Requests.Make(HttpMethod.Get, service.Absolute("/"));
        request.Headers.Host = "elsewhere.example";

        var refused = await service.SendAsync(request);
        var allowed = await service.GetAsync("/");

        refused.Status.ShouldBe(HttpStatusCode.BadRequest);
        refused.Text.ShouldBeEmpty();
        allowed.Status.ShouldBe(HttpStatusCode.MultipleChoices);
    }

    [TestCase("/orchestration")]
    [TestCase("/orchestration/")]
    public async Task Links_start_with_the_forwarded_prefix_of_a_configured_proxy(string prefix)
    {
        var settings = new Dictionary<string, string>(Token.SigningKeys) { ["Deployments:Proxies:0"] = "127.0.0.1" };
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, settings);
        var forwarded = ("X-Forwarded-Prefix", prefix);

        var versions = await service.GetAsync("/", forwarded);
        var document = await service.GetAsync("/openapi/v1.json", forwarded);
        var page = await service.GetAsync("/swagger", forwarded);

        versions.Text.ShouldContain($"\"{service.Address}orchestration/v1/\"");
        document.Json.GetProperty("servers")[0].GetProperty("url").GetString().ShouldBe("/orchestration");
        page.Headers["Location"].ShouldStartWith("/orchestration/swagger/");
    }

    [TestCase("a b")]
    [TestCase("é\U0001F680")]
    [TestCase("a?b#c")]
    [TestCase("a%41")]
    [TestCase("a%2Fb")]
    public async Task Location_and_next_link_are_valid_for_a_project_id_with_special_characters(string name)
    {
        var project = $"{name}{Guid.NewGuid():N}";
        var token = ("X-Auth-Token", new Token(project).ToString());
        var path = $"/v1/{Uri.EscapeDataString(project)}/software_deployments";
        var create = Requests.Make(HttpMethod.Post, TestRun.Service.Absolute(path), token);
        create.Content = Requests.Body(Project.Minimal);
        var created = await TestRun.Service.SendAsync(create);
        var again = Requests.Make(HttpMethod.Post, TestRun.Service.Absolute(path), token);
        again.Content = Requests.Body(Project.Minimal);
        (await TestRun.Service.SendAsync(again)).ShouldBeOk();

        var page = await GetAsync($"{path}?limit=1");
        var next = await GetAsync(page.Next!);
        var located = await GetAsync(created.ShouldBeOk().Headers["Location"]);

        page.Ids.Concat(next.Ids).Count().ShouldBe(2);
        located.ShouldBeOk().Text.ShouldBe(created.Text);

        Task<ApiResponse> GetAsync(string address) =>
            TestRun.Service.SendAsync(Requests.Make(HttpMethod.Get, TestRun.Service.Absolute(address), token));
    }

    /// <summary>The version link and both kinds of next link in responses to requests with forwarded headers.</summary>
    private static async Task<IReadOnlyList<string>> AddressesAsync(Service service)
    {
        var project = new Project(service);
        await project.CreateBatchAsync([Project.Minimal, Project.Minimal]);
        await project.CreateConfigAsync("{}");
        await project.CreateConfigAsync("{}");

        var versions = await service.GetAsync("/", Forwarded);
        var deployments = await project.SendAsync(HttpMethod.Get, $"{project.Path}?limit=1", null, Forwarded);
        var configs = await project.SendAsync(HttpMethod.Get, $"{project.ConfigsPath}?limit=1", null, Forwarded);
        return
        [
            versions.Json.GetProperty("versions")[0].GetProperty("links")[0].GetProperty("href").GetString()!,
            deployments.Next!,
            configs.Next!,
        ];
    }
}
