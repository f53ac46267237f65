using System.Text.RegularExpressions;
using Microsoft.Playwright;
using NUnit.Framework;
using Shouldly;

namespace Deployments.BrowserTests;

/// <summary>Signing in to the console and out of it, and what a token that expires does to an open page.</summary>
public sealed partial class ConsoleSignInTests
{
    private static readonly TimeSpan LongEnoughToSignIn = TimeSpan.FromSeconds(5);

    private static IEnumerable<TestCaseData> RefusedTokens =>
    [
        Case("of another audience", token => token with { Audience = "another" }),
        Case("expired", token => token with { Expires = DateTimeOffset.UtcNow.AddHours(-1) }),
        Case("with another's signature", token => token with { Signature = Token.Hmac(new byte[32]) }),
    ];

    [Test]
    public async Task Sign_in_with_a_token_shows_its_project_and_sign_out_ends_it()
    {
        var project = new Project();
        await project.DeployAsync("a config", "web-1");
        await using var visit = await TestRun.Browser.VisitAsync();

        await visit.OpenAsync("server?id=web-1");
        visit.Page.Url.ShouldStartWith(Project.ConsoleAddress("sign-in?return="));
        await visit.SubmitTokenAsync(project.Token.ToString());
        await visit.Page.WaitForURLAsync(Project.ConsoleAddress("server?id=web-1"));
        (await visit.Page.Locator(".project").TextContentAsync()).ShouldBe(project.Id);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await visit.Page.WaitForURLAsync(Project.ConsoleAddress("sign-in"));
        await visit.OpenAsync("servers");

        visit.Page.Url.ShouldStartWith(Project.ConsoleAddress("sign-in?return="));
        visit.ShouldHaveNoComplaint();
    }

    [TestCaseSource(nameof(RefusedTokens))]
    public async Task Sign_in_with_a_token_that_the_API_refuses_shows_its_reason(Func<string, string> makeToken)
    {
        var project = new Project();
        var token = makeToken(project.Id);
        using var request = Requests.Make(HttpMethod.Get, $"/v1/{project.Id}/servers", ("X-Auth-Token", token));
        using var response = await TestRun.Service.Http.SendAsync(request);
        var reason = (await ApiResponse.ReadAsync(response)).Json.GetProperty("detail").GetString();
        await using var visit = await TestRun.Browser.VisitAsync();

        await visit.SignInAsync(token);

        (await visit.Page.GetByRole(AriaRole.Alert).TextContentAsync()).ShouldBe(reason);
        visit.Page.Url.ShouldBe(Project.ConsoleAddress("sign-in"));
        visit.ShouldHaveNoComplaint();
    }

    [Test]
    public async Task Sign_in_with_what_is_no_token_says_what_a_token_is()
    {
        await using var visit = await TestRun.Browser.VisitAsync();

        await visit.SignInAsync("not a token");

        (await visit.Page.GetByRole(AriaRole.Alert).TextContentAsync()).ShouldStartWith("This is not a JSON Web Token");
        visit.ShouldHaveNoComplaint();
    }

    [Test]
    public async Task Sign_in_link_is_good_once_and_no_token_is_in_an_address_or_in_the_log()
    {
        await using var service = await ServiceProcess.StartUnreadAsync(TestRun.SettingsWith(await TestRun.Server.CreateDatabaseAsync()));
        string? link = null;
        while (link is null)
        {
            link = SignInLink().Match((await service.ReadLineAsync()).ShouldNotBeNull()) is { Success: true } found ? found.Value : null;
        }

        service.ReadOutput();
        await using var visit = await TestRun.Browser.VisitAsync();
        await visit.Page.GotoAsync(link);
        visit.Page.Url.ShouldBe(Project.ConsoleAddress("servers", service));
        (await visit.Page.Locator(".project").TextContentAsync()).ShouldBe("demo");
        await using var second = await TestRun.Browser.VisitAsync();
        await second.Page.GotoAsync(link);
        (await second.Page.GetByRole(AriaRole.Alert).TextContentAsync()).ShouldStartWith("This link was used already");
        var token = new Token("other").ToString();
        await second.SubmitTokenAsync(token);
        await second.Page.WaitForURLAsync(Project.ConsoleAddress("servers", service));
        var log = (await service.StopAsync()).Output;

        visit.Addresses.Concat(second.Addresses).ShouldAllBe(address => !address.Contains("eyJ")); // how each token begins
        log.ShouldNotContain(token);
        log.ShouldNotContain(new Uri(link).Query); // it was in the banner alone, which is read above
        visit.ShouldHaveNoComplaint("Failed to load resource"); // the page was open when the service stopped
        second.ShouldHaveNoComplaint("Failed to load resource");
    }

    [Test]
    public async Task Token_that_expires_ends_an_open_page_and_after_another_sign_in_the_next_page_is_shown()
    {
        var project = new Project();
        var id = await project.DeployAsync("a config", "web-1");
        var expires = DateTimeOffset.UtcNow + LongEnoughToSignIn;
        await using var visit = await TestRun.Browser.VisitAsync();
        await visit.SignInAsync((project.Token with { Expires = expires }).ToString());
        await visit.OpenAsync($"deployments/{id}");
        (await visit.Page.TitleAsync()).ShouldStartWith("Deployment of");

        await visit.Page.WaitForFunctionAsync("moment => Date.now() > moment", expires.ToUnixTimeMilliseconds());
        await project.UpdateAsync(id, new { status = "COMPLETE" });
        await visit.Page.GetByText("Signed out: reload the page to sign in.").WaitForAsync();
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "web-1" }).First.ClickAsync();
        await visit.SubmitTokenAsync(project.Token.ToString());

        await visit.Page.WaitForURLAsync(Project.ConsoleAddress("server?id=web-1"));
        visit.ShouldHaveNoComplaint("Failed to load resource"); // what the open page asked for
    }

    private static TestCaseData Case(string what, Func<Token, Token> change) =>
        new TestCaseData((string project) => change(new Token(project)).ToString()).SetArgDisplayNames(what);

    [GeneratedRegex("http://[^ ]+/console/sign-in[?]code=[A-Za-z0-9_-]+")]
    private static partial Regex SignInLink();
}
