using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The console as HTTP: who may see it, its cookies, its headers, its forms. What it looks like is tested in a browser.</summary>
public sealed partial class ConsoleTests
{
    private static readonly Dictionary<string, string> Enabled = new(Token.SigningKeys) { ["Deployments:Console:Enabled"] = "true" };

    private static string database = null!;
    private static Service service = null!;

    [OneTimeSetUp]
    public static async Task StartAsync()
    {
        database = await TestRun.Server.CreateDatabaseAsync();
        service = await Service.StartReadyAsync(database, Enabled);
    }

    [OneTimeTearDown]
    public static async Task StopAsync() => await service.DisposeAsync();

    [Test]
    public async Task Console_is_not_served_in_production_unless_it_is_enabled()
    {
        await using var usual = await Service.StartReadyAsync(database);
        using var visitor = new Visitor(usual);

        (await visitor.GetAsync("sign-in")).Status.ShouldBe(HttpStatusCode.Unauthorized); // as every path that does not exist, without a token
    }

    [Test]
    public async Task Page_without_a_cookie_leads_to_the_sign_in_page_and_back()
    {
        using var visitor = new Visitor(service);

        var refused = await visitor.GetAsync("servers?prefix=web&status=failed");
        refused.Status.ShouldBe(HttpStatusCode.Found);
        refused.Location.ShouldBe("/console/sign-in?return=%2Fconsole%2Fservers%3Fprefix%3Dweb%26status%3Dfailed");

        var signedIn = await visitor.SignInAsync(new Token("console").ToString(), returnTo: "/console/servers?prefix=web&status=failed");
        signedIn.Location.ShouldBe("/console/servers?prefix=web&status=failed");
        (await visitor.GetAsync("servers")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [TestCase("https://example.org/")]
    [TestCase("//example.org/")]
    [TestCase(@"/console/\example.org")]
    [TestCase("/v1/console/events")]
    [TestCase("/console/..//example.org")]
    [TestCase("javascript:alert(1)")]
    public async Task Sign_in_that_is_to_return_to_another_place_leads_to_the_first_page(string returnTo)
    {
        using var visitor = new Visitor(service);

        (await visitor.SignInAsync(new Token("console").ToString(), returnTo: returnTo)).Location.ShouldBe("/console/servers");
    }

    [Test]
    public async Task Cookie_is_for_the_console_alone_and_not_readable_and_has_no_part_of_the_token()
    {
        using var visitor = new Visitor(service);
        var token = new Token("console").ToString();

        var cookie = (await visitor.SignInAsync(token)).Cookies.ShouldHaveSingleItem();

        cookie.ShouldStartWith("deployments-console=");
        cookie.Split("; ")[1..].ShouldBe(["path=/console", "samesite=strict", "httponly"], ignoreOrder: true);
        token.Split('.').ShouldAllBe(part => !cookie.Contains(part));
    }

    [TestCase("deployments.example.org", true)]
    [TestCase("deployments.example.org:8080", true)]
    [TestCase("localhost:8080", false)]
    [TestCase("127.0.0.1", false)]
    [TestCase("[::1]:8080", false)]
    [TestCase("127.example.org", true)]
    public async Task Cookies_are_secure_unless_the_host_is_the_loopback(string host, bool isSecure)
    {
        using var visitor = new Visitor(service) { Host = host };

        var page = await visitor.GetAsync("sign-in");
        visitor.Keep(page);
        var signedIn = await visitor.SignInAsync(new Token("console").ToString());

        string[] cookies = [.. page.Cookies, .. signedIn.Cookies];
        cookies.Length.ShouldBe(2);
        cookies.ShouldAllBe(cookie => cookie.Split("; ", StringSplitOptions.None).Contains("secure") == isSecure);
    }

    [TestCaseSource(nameof(RefusedTokens))]
    public async Task Sign_in_with_a_token_that_the_API_does_not_take_is_refused_with_the_reason(string token, string reason)
    {
        using var visitor = new Visitor(service);

        var refused = await visitor.SignInAsync(token);

        refused.Status.ShouldBe(HttpStatusCode.BadRequest);
        WebUtility.HtmlDecode(refused.Text).ShouldContain(reason);
        refused.Cookies.ShouldBeEmpty();
    }

    [Test]
    public async Task Sign_in_shows_the_project_that_is_entered_to_an_admin()
    {
        using var visitor = new Visitor(service);

        (await visitor.SignInAsync(new Token("another") { Roles = ["admin"] }.ToString(), project: "entered")).Status.ShouldBe(HttpStatusCode.Found);

        (await visitor.GetAsync("servers")).Text.ShouldContain(">entered</bdi>");
    }

    [Test]
    public async Task Page_after_the_token_has_expired_leads_to_the_sign_in_page()
    {
        using var visitor = new Visitor(service);
        var lifetime = TimeSpan.FromSeconds(2);
        var expires = DateTimeOffset.UtcNow + lifetime;
        await visitor.SignInAsync(new Token("console") { Expires = expires }.ToString());
        (await visitor.GetAsync("configs")).Status.ShouldBe(HttpStatusCode.OK);

        await Task.Delay(lifetime + TimeSpan.FromSeconds(1));

        (await visitor.GetAsync("configs")).Location.ShouldBe("/console/sign-in?return=%2Fconsole%2Fconfigs");
        (await visitor.GetAsync("changes?after=now")).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task Sign_out_removes_the_cookie()
    {
        using var visitor = new Visitor(service);
        await visitor.SignInAsync(new Token("console").ToString());

        (await visitor.PostAsync("sign-out", "servers")).Location.ShouldBe("/console/sign-in");

        (await visitor.GetAsync("servers")).Status.ShouldBe(HttpStatusCode.Found);
    }

    [Test]
    public async Task Forms_without_the_token_of_the_page_or_with_that_of_another_visitor_are_refused()
    {
        var project = new Project(service);
        var id = await CreateAsync(project);
        using var visitor = new Visitor(service);
        await visitor.SignInAsync(project.Token.ToString());
        using var another = new Visitor(service);
        await another.SignInAsync(project.Token.ToString());
        var delete = $"deployments/{id}/delete";

        (await visitor.PostAsync(delete, page: null)).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await visitor.PostAsync(delete, page: null, ("__RequestVerificationToken", FormToken((await another.GetAsync(delete)).Text)))).Status.ShouldBe(HttpStatusCode.BadRequest);

        (await visitor.GetAsync($"deployments/{id}")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Test]
    public async Task Every_page_has_a_strict_content_policy_with_a_nonce_of_its_own_and_is_not_kept()
    {
        using var visitor = new Visitor(service);
        var signIn = await visitor.GetAsync("sign-in");
        await visitor.SignInAsync(new Token("console").ToString());
        var pages = new List<Answer> { signIn };
        foreach (var path in (string[])["servers", "server?id=x", "configs", "configs/new", "new-deployment", "activity", "no-such-page", "servers?marker="])
        {
            pages.Add(await visitor.GetAsync(path));
        }

        pages.ShouldAllBe(page => page.Headers["Cache-Control"] == "no-store" && page.Headers["X-Content-Type-Options"] == "nosniff" && page.Headers["Referrer-Policy"] == "no-referrer");
        var nonces = pages.Select(page => Policy().Match(page.Headers["Content-Security-Policy"]).Groups["nonce"].Value).ToList();
        nonces.ShouldAllBe(nonce => nonce.Length > 20);
        nonces.ShouldBeUnique();
        pages.Zip(nonces).ShouldAllBe(page => Scripts().Count(page.First.Text) == 1 && page.First.Text.Contains($"nonce=\"{page.Second}\""));
    }

    [Test]
    public async Task Files_are_immutable_and_their_address_is_that_of_their_content()
    {
        using var visitor = new Visitor(service);
        var page = (await visitor.GetAsync("sign-in")).Text;

        foreach (var (file, type) in new[] { ("console.css", "text/css"), ("console.js", "text/javascript") })
        {
            var path = Regex.Match(page, $"assets/[0-9a-f]{{16}}/{Regex.Escape(file)}").Value;
            var found = await visitor.GetAsync(path);
            found.Status.ShouldBe(HttpStatusCode.OK);
            found.Headers["Content-Type"].ShouldStartWith(type);
            found.Headers["Cache-Control"].ShouldBe("public, max-age=31536000, immutable");
        }
    }

    [Test]
    public async Task Cookie_of_one_instance_is_taken_by_another()
    {
        using var visitor = new Visitor(service);
        await visitor.SignInAsync(new Token("console").ToString());
        await using var other = await Service.StartReadyAsync(database, Enabled);
        using var moved = new Visitor(other, visitor.Cookies);

        (await moved.GetAsync("servers")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Test]
    public async Task Change_that_was_made_after_a_page_was_read_is_refused_and_shown()
    {
        var project = new Project(service);
        var id = await CreateAsync(project);
        using var visitor = new Visitor(service);
        await visitor.SignInAsync(project.Token.ToString());
        var confirm = (await visitor.GetAsync($"deployments/{id}/mark-failed")).Text;
        await project.UpdateAsync(id, """{"status": "COMPLETE"}""");

        var refused = await visitor.PostAsync($"deployments/{id}/mark-failed", page: null, ("__RequestVerificationToken", FormToken(confirm)), ("entity_tag", EntityTag(confirm)));

        refused.Status.ShouldBe(HttpStatusCode.PreconditionFailed);
        refused.Text.ShouldContain("has changed since this page was shown");
        (await visitor.GetAsync($"deployments/{id}")).Text.ShouldContain("status complete");
    }

    [Test]
    public async Task Address_of_an_agent_is_on_the_page_after_its_form_alone_and_begins_as_the_visitors()
    {
        var project = new Project(service);
        using var visitor = new Visitor(service) { Host = "deployments.example.org" };
        await visitor.SignInAsync(project.Token.ToString());

        var made = await visitor.PostAsync("server/agent", "server?id=web-1", ("id", "web-1"));

        made.Status.ShouldBe(HttpStatusCode.OK);
        made.Headers["Cache-Control"].ShouldBe("no-store");
        made.Text.ShouldContain($"http://deployments.example.org/agents/{project.Id}/");
        (await visitor.GetAsync("server?id=web-1")).Text.ShouldNotContain("/agents/");
    }

    [Test]
    public async Task Value_whole_is_plain_text_that_runs_nothing()
    {
        var project = new Project(service);
        var id = await CreateAsync(project);
        await project.UpdateAsync(id, """{"output_values": {"a/b <c>": "<script>alert(1)</script>"}}""");
        using var visitor = new Visitor(service);
        await visitor.SignInAsync(project.Token.ToString());

        var value = await visitor.GetAsync($"deployments/{id}/outputs?name={Uri.EscapeDataString("a/b <c>")}");

        value.Text.ShouldBe("<script>alert(1)</script>");
        value.Headers["Content-Type"].ShouldBe("text/plain; charset=utf-8");
        value.Headers["X-Content-Type-Options"].ShouldBe("nosniff");
        (await visitor.GetAsync($"deployments/{id}/outputs?name=none")).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task Address_with_a_part_of_another_type_is_an_error_page()
    {
        using var visitor = new Visitor(service);
        await visitor.SignInAsync(new Token("console").ToString());

        foreach (var path in (string[])["configs?marker=none", "changes", "new-deployment?config_id=1", "server"])
        {
            var refused = await visitor.GetAsync(path);
            refused.Status.ShouldBe(HttpStatusCode.BadRequest, path);
            refused.Headers["Content-Type"].ShouldStartWith("text/html");
        }
    }

    [Test]
    public async Task Sign_in_page_with_a_token_in_a_header_is_the_page_of_who_is_not_signed_in()
    {
        using var visitor = new Visitor(service) { HeaderToken = new Token("console").ToString() };

        var page = await visitor.GetAsync("sign-in");

        page.Status.ShouldBe(HttpStatusCode.OK);
        page.Text.ShouldNotContain("Sign out");
        (await visitor.GetAsync("servers")).Status.ShouldBe(HttpStatusCode.Found);
    }

    [Test]
    public async Task Form_that_cannot_be_read_is_an_error_page()
    {
        using var visitor = new Visitor(service);
        await visitor.SignInAsync(new Token("console").ToString());
        const string boundary = "multipart/form-data; boundary=b";
        (string Content, string Type)[] bodies =
        [
            ("name=a%00b", "application/x-www-form-urlencoded"),
            (string.Join('&', Enumerable.Repeat("name=a", 2_000)), "application/x-www-form-urlencoded"),
            ($"{new string('n', 5_000)}=a", "application/x-www-form-urlencoded"),
            ($"config={new string('c', 5_000_000)}", "application/x-www-form-urlencoded"),
            ("name=a", "application/x-www-form-urlencoded; charset=utf-7"),
            ("--b\r\nno header", boundary),
            ("""{"name": "a"}""", "application/json"),
        ];

        foreach (var (content, type) in bodies)
        {
            var refused = await visitor.PostAsync("configs/new", content, type);
            refused.Status.ShouldBe(HttpStatusCode.BadRequest, type);
            refused.Headers["Content-Type"].ShouldStartWith("text/html");
            refused.Headers["Content-Security-Policy"].ShouldMatch(Policy().ToString());
        }
    }

    [Test]
    public async Task Form_with_a_value_that_cannot_be_sent_to_the_API_is_an_error_page()
    {
        var project = new Project(service);
        var id = await CreateAsync(project);
        using var visitor = new Visitor(service);
        await visitor.SignInAsync(project.Token.ToString());

        var tag = await visitor.PostAsync($"deployments/{id}/delete", "configs", ("entity_tag", "\"1\r\n2\""));
        var server = await visitor.PostAsync("server/revoke-agent", "configs", ("id", ".."));

        Answer[] refused = [tag, server];
        refused.ShouldAllBe(page => page.Status == HttpStatusCode.BadRequest && page.Text.Contains("a value that cannot be sent"));
        (await visitor.GetAsync($"deployments/{id}")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Test]
    public async Task Page_whose_request_to_the_API_is_beyond_the_servers_limits_says_so()
    {
        using var visitor = new Visitor(service);
        await visitor.SignInAsync(new Token("console").ToString());

        var refused = await visitor.GetAsync($"server?id={new string('x', 7_000)}");

        refused.Status.ShouldBe(HttpStatusCode.RequestUriTooLong);
        refused.Text.ShouldContain("The service does not accept this (status 414).");
    }

    [Test]
    public async Task Changes_are_waited_for_though_other_requests_may_not_take_so_long()
    {
        await using var impatient = await Service.StartReadyAsync(database, new Dictionary<string, string>(Enabled) { ["Deployments:RequestTimeoutSeconds"] = "3" });
        var project = new Project(service);
        using var visitor = new Visitor(impatient);
        await visitor.SignInAsync(project.Token.ToString());

        var waiting = visitor.GetAsync("changes?after=now");
        await Task.Delay(TimeSpan.FromSeconds(4));
        await CreateAsync(project);

        (await waiting).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Test]
    public async Task Page_of_a_project_beyond_its_rate_says_when_to_come_back()
    {
        await using var limited = await Service.StartReadyAsync(database, new Dictionary<string, string>(Enabled) { ["Deployments:RateLimit:PerSecond"] = "0.01", ["Deployments:RateLimit:Burst"] = "1" });
        using var visitor = new Visitor(limited);
        await visitor.SignInAsync(new Token("limited").ToString());

        var refused = await visitor.GetAsync("servers");

        refused.Status.ShouldBe(HttpStatusCode.TooManyRequests);
        int.Parse(refused.Headers["Retry-After"], CultureInfo.InvariantCulture).ShouldBeInRange(1, 100);
    }

    [Test]
    public async Task New_deployment_has_each_input_though_their_names_differ_in_case_alone()
    {
        var project = new Project(service);
        var config = (await project.CreateConfigAsync("""{"name": "c", "config": "x", "inputs": [{"name": "a"}, {"name": "A"}, {"name": "a\nb"}]}""")).Id;
        using var visitor = new Visitor(service);
        await visitor.SignInAsync(project.Token.ToString());
        var form = $"new-deployment?config_id={config}";
        var names = InputFields().Matches((await visitor.GetAsync(form)).Text).Select(match => match.Groups[1].Value).ToList();

        var deployed = await visitor.PostAsync(
            "new-deployment",
            form,
            [("config_id", config), ("key", "once"), ("servers", "web-1"), .. names.Select((name, index) => (name, $"value {index}"))]);

        var id = deployed.Location!.Split('/')[^1];
        var inputs = (await project.GetAsync(id)).Deployment.GetProperty("input_values");
        new[] { "a", "A", "a\nb" }.Select(name => inputs.GetProperty(name).GetString()).ShouldBe(["value 0", "value 1", "value 2"]);
    }

    private static IEnumerable<TestCaseData> RefusedTokens()
    {
        const string notAToken = "This is not a JSON Web Token";
        yield return new("", notAToken);
        yield return new("abc", notAToken);
        yield return new("a.b.c", notAToken);
        yield return new("a.bnVsbA.c", notAToken);
        yield return new("a.eyJleHAiOjFlMzA4fQ.c", notAToken);
        yield return new("ü.ü.ü", notAToken);
        yield return new("a.eyJleHAiOjRlOSwic3ViIjoiXHVkODAwIn0.c", notAToken); // half of a surrogate pair in its subject
        yield return new("a.eyJleHAiOjRlOSwic3ViIjoi_yJ9.c", notAToken); // no UTF-8
        yield return new(new Token("console") { Subject = new string('s', 10_000) }.ToString(), "The token is too long");
        yield return new(new Token("console") { Expires = null }.ToString(), notAToken);
        yield return new(new Token("console") { Audience = "others" }.ToString(), "The token is for another audience.");
        yield return new(new Token("console") { Expires = DateTimeOffset.UtcNow.AddHours(-1) }.ToString(), "The token has expired.");
        yield return new(new Token("console") { Roles = ["heat_stack_user"] }.ToString(), "does not allow this");
        yield return new(new Token(Project: null).ToString(), "The token names no project");
    }

    private static async Task<string> CreateAsync(Project project) =>
        (await project.CreateAsync(Project.Minimal)).Id;

    private static string FormToken(string page) => WebUtility.HtmlDecode(FormTokenField().Match(page).Groups[1].Value);

    private static string EntityTag(string page) => WebUtility.HtmlDecode(EntityTagField().Match(page).Groups[1].Value);

    [GeneratedRegex("^default-src 'none'; script-src 'nonce-(?<nonce>[^']+)'; style-src 'nonce-\\k<nonce>'; img-src data:; connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'$")]
    private static partial Regex Policy();

    [GeneratedRegex("<script")]
    private static partial Regex Scripts();

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]+)\"")]
    private static partial Regex FormTokenField();

    [GeneratedRegex("name=\"(input\\.[^\"]*)\"")]
    private static partial Regex InputFields();

    [GeneratedRegex("name=\"entity_tag\" value=\"([^\"]+)\"")]
    private static partial Regex EntityTagField();

    private sealed record Answer(HttpStatusCode Status, string? Location, IReadOnlyList<string> Cookies, IReadOnlyDictionary<string, string> Headers, string Text);

    /// <summary>A browser without a window: it keeps cookies, and follows nothing.</summary>
    private sealed class Visitor(Service service, IReadOnlyDictionary<string, string>? cookies = null) : IDisposable
    {
        private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = service.Address };
        private readonly Dictionary<string, string> cookies = new(cookies ?? new Dictionary<string, string>());

        public string? Host { get; init; }

        public string? HeaderToken { get; init; }

        public IReadOnlyDictionary<string, string> Cookies => cookies;

        public Task<Answer> GetAsync(string path) => SendAsync(new HttpRequestMessage(HttpMethod.Get, $"/console/{path}"));

        /// <param name="path">Where the form is sent.</param>
        /// <param name="page">The page that has the form; null to send it without its token.</param>
        /// <param name="fields">Its fields.</param>
        public async Task<Answer> PostAsync(string path, string? page, params (string Name, string Value)[] fields)
        {
            (string Name, string Value)[] all = page is null ? fields : [.. fields, ("__RequestVerificationToken", FormToken((await GetAsync(page)).Text))];
            return await SendAsync(new HttpRequestMessage(HttpMethod.Post, $"/console/{path}")
            {
                Content = new FormUrlEncodedContent(all.Select(field => KeyValuePair.Create(field.Name, field.Value))),
            });
        }

        /// <summary>Sends a body as it is, without the page's token.</summary>
        public Task<Answer> PostAsync(string path, string body, string type)
        {
            var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            return SendAsync(new HttpRequestMessage(HttpMethod.Post, $"/console/{path}") { Content = content });
        }

        public Task<Answer> SignInAsync(string token, string project = "", string returnTo = "") =>
            PostAsync("sign-in", "sign-in", ("token", token), ("project", project), ("return", returnTo));

        public void Keep(Answer answer)
        {
            foreach (var cookie in answer.Cookies)
            {
                var (name, value) = cookie.Split(';')[0].Split('=', 2) is [var first, var second] ? (first, second) : throw new FormatException(cookie);
                cookies[name] = value;
            }
        }

        public void Dispose() => http.Dispose();

        private async Task<Answer> SendAsync(HttpRequestMessage request)
        {
            request.Headers.Host = Host;
            if (HeaderToken is not null)
            {
                request.Headers.Add("X-Auth-Token", HeaderToken);
            }

            if (cookies.Count > 0)
            {
                request.Headers.Add("Cookie", string.Join("; ", cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
            }

            using (request)
            using (var response = await http.SendAsync(request))
            {
                var answer = new Answer(
                    response.StatusCode,
                    response.Headers.Location?.OriginalString,
                    response.Headers.TryGetValues("Set-Cookie", out var set) ? [.. set] : [],
                    response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(", ", header.Value)),
                    await response.Content.ReadAsStringAsync());
                Keep(answer);
                return answer;
            }
        }
    }
}
