using Microsoft.Playwright;
using NUnit.Framework;
using Shouldly;

namespace Deployments.BrowserTests;

/// <summary>Deployments made in the console and applied by the agent, and what can be done with a deployment.</summary>
public sealed class ConsoleDeploymentTests
{
    private const string Server = "web-1";
    private const string NotReloaded = "window.notReloaded";

    private readonly Project project = new();
    private readonly AgentFolder folder = new();
    private AgentProcess agent = null!;

    private static IEnumerable<string> Changes => ["mark-failed", "run-again", "delete"];

    [OneTimeSetUp]
    public async Task StartAgentAsync() => agent = AgentProcess.Start(await project.CreateAgentAsync(Server), folder);

    [OneTimeTearDown]
    public async Task EndAgentAsync()
    {
        await agent.DisposeAsync();
        folder.Dispose();
    }

    [Test]
    public async Task Deployment_that_is_made_in_the_page_turns_complete_without_a_reload_and_shows_its_output()
    {
        await using var visit = await project.VisitAsync();
        var page = visit.Page;

        await page.GetByRole(AriaRole.Link, new() { Name = "Configs" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "New config" }).ClickAsync();
        await page.GetByLabel("Name").FillAsync("made in the page");
        await page.GetByLabel("Script").FillAsync($"#!/bin/sh\nwhile [ ! -e {folder.FileOf("go")} ]; do sleep 0.02; done\necho 'It has run.'\n");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Deploy it" }).ClickAsync();
        await page.GetByLabel("Servers").FillAsync(Server);
        await page.GetByLabel("Fails after").FillAsync("600");
        await page.GetByRole(AriaRole.Button, new() { Name = "Deploy" }).ClickAsync();
        await page.Locator("#state .status.in_progress").WaitForAsync();
        (await page.Locator("#state").InnerTextAsync()).ShouldContain("Times out");
        await page.EvaluateAsync($"{NotReloaded} = true");
        await File.WriteAllTextAsync(folder.FileOf("go"), string.Empty);

        await page.Locator("#state .status.complete").WaitForAsync();
        (await page.GetByLabel("deploy_stdout").TextContentAsync()).ShouldBe("It has run.\n");
        (await page.Locator("#history .status").AllTextContentsAsync()).ShouldBe(["In progress", "Complete"]);
        (await page.EvaluateAsync<bool>(NotReloaded)).ShouldBeTrue();
        visit.ShouldHaveNoComplaint();
    }

    [Test]
    public async Task Deployment_whose_script_fails_shows_failed_with_what_it_printed_and_its_exit_code()
    {
        var config = await project.CreateScriptAsync("fails", "#!/bin/sh\necho begun\necho 'It is broken.' >&2\nexit 7\n");
        await using var visit = await project.VisitAsync();
        var page = visit.Page;

        await visit.OpenAsync($"new-deployment?config_id={config}&server_id={Server}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Deploy" }).ClickAsync();

        await page.Locator("#state .status.failed").WaitForAsync();
        (await page.GetByLabel("deploy_stdout").TextContentAsync()).ShouldBe("begun\n");
        (await page.GetByLabel("deploy_stderr").TextContentAsync()).ShouldBe("It is broken.\n");
        (await page.GetByLabel("deploy_status_code").TextContentAsync()).ShouldBe("7");
        visit.ShouldHaveNoComplaint();
    }

    [Test]
    public async Task Default_of_several_lines_that_is_left_as_it_is_holds_and_what_is_entered_is_sent()
    {
        var project = new Project();
        var config = await project.CreateConfigAsync(new
        {
            name = "inputs",
            inputs = new object[]
            {
                new { name = "certificate", @default = "-----BEGIN\nCERTIFICATE-----\n" },
                new { name = "port", type = "Number", @default = 80 },
                new { name = "text", type = "String" },
                new { name = "tls", type = "Boolean", @default = true },
                new { name = "names", type = "CommaDelimitedList" },
                new { name = "limits", type = "Json" },
            },
        });
        await using var visit = await project.VisitAsync();
        var page = visit.Page;

        await visit.OpenAsync($"new-deployment?config_id={config}&server_id=web-1");
        await page.GetByLabel("port").FillAsync("8080");
        await page.GetByLabel("tls").SelectOptionAsync("false");
        await page.GetByLabel("names").FillAsync("a,b");
        await page.GetByLabel("limits").FillAsync("""{"connections": [1, 2]}""");
        await page.GetByRole(AriaRole.Button, new() { Name = "Deploy" }).ClickAsync();
        await page.WaitForURLAsync("**/deployments/*");

        (await project.ListAsync()).ShouldHaveSingleItem().GetProperty("input_values").GetRawText()
            .ShouldBe("""{"port":8080,"tls":false,"names":"a,b","limits":{"connections":[1,2]}}""");
        visit.ShouldHaveNoComplaint();
    }

    [Test]
    public async Task Form_for_a_deployment_that_is_sent_twice_creates_one()
    {
        var project = new Project();
        var config = await project.CreateScriptAsync("twice", "true");
        await using var visit = await project.VisitAsync();

        await visit.OpenAsync($"new-deployment?config_id={config}&server_id=web-1");
        var addresses = await visit.Page.EvaluateAsync<string[]>(
            """
            () => {
              const form = document.querySelector("main form");
              const send = async () => (await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) })).url;
              return Promise.all([send(), send()]);
            }
            """);

        var id = (await project.ListAsync()).ShouldHaveSingleItem().GetProperty("id").GetString();
        addresses.ShouldAllBe(address => address == Project.ConsoleAddress($"deployments/{id}"));
        visit.ShouldHaveNoComplaint();
    }

    [Test]
    public async Task Deployment_is_marked_failed_run_again_and_deleted_without_JavaScript()
    {
        var project = new Project();
        var id = await project.DeployAsync(await project.CreateScriptAsync("a config", "true"), "web-1");
        await using var visit = await project.VisitAsync(new() { JavaScriptEnabled = false });
        var page = visit.Page;
        var state = page.Locator("#state");

        await visit.OpenAsync($"deployments/{id}");
        await ConfirmAsync("Mark failed");
        (await state.InnerTextAsync()).ShouldContain("Marked failed by tester.");
        (await state.Locator(".status").InnerTextAsync()).ShouldBe("Failed");
        (await project.ReadAsync(id)).GetProperty("status").GetString().ShouldBe("FAILED");

        await ConfirmAsync("Run again", () => page.GetByLabel("Fails after").FillAsync("600"));
        (await state.Locator(".status").InnerTextAsync()).ShouldBe("In progress");
        (await state.InnerTextAsync()).ShouldContain("Times out");
        var deployment = await project.ReadAsync(id);
        deployment.GetProperty("status").GetString().ShouldBe("IN_PROGRESS");
        deployment.GetProperty("deadline").GetDateTimeOffset().ShouldBe(DateTimeOffset.UtcNow.AddSeconds(600), TimeSpan.FromSeconds(60));

        await ConfirmAsync("Delete");
        page.Url.ShouldBe(Project.ConsoleAddress("servers"));
        (await project.ListAsync()).ShouldBeEmpty();
        visit.ShouldHaveNoComplaint();

        async Task ConfirmAsync(string change, Func<Task>? fillAsync = null)
        {
            await page.GetByRole(AriaRole.Link, new() { Name = change }).ClickAsync();
            (await page.Locator("h1").InnerTextAsync()).ShouldBe($"{change}?");
            await (fillAsync?.Invoke() ?? Task.CompletedTask);
            await page.GetByRole(AriaRole.Button, new() { Name = change }).ClickAsync();
        }
    }

    [TestCaseSource(nameof(Changes))]
    public async Task Change_of_a_deployment_that_changed_since_the_page_was_shown_says_so_and_overwrites_nothing(string change)
    {
        var project = new Project();
        var id = await project.DeployAsync("a config", "web-1");
        if (change == "run-again")
        {
            await project.UpdateAsync(id, new { status = "FAILED" });
        }

        await using var visit = await project.VisitAsync();
        await visit.OpenAsync($"deployments/{id}/{change}");
        await project.UpdateAsync(id, new { status = "COMPLETE", status_reason = "meanwhile" });
        var stored = (await project.ReadAsync(id)).GetRawText();
        await visit.Page.Locator("main form button").ClickAsync();

        (await visit.Page.GetByRole(AriaRole.Alert).TextContentAsync()).ShouldStartWith("The deployment has changed since this page was shown.");
        (await visit.Page.Locator("main .status").First.TextContentAsync()).ShouldBe("Complete");
        (await project.ReadAsync(id)).GetRawText().ShouldBe(stored);
        visit.ShouldHaveNoComplaint();
    }

    [Test]
    public async Task Focus_stays_on_its_link_when_the_part_around_it_is_exchanged()
    {
        var project = new Project();
        var id = await project.DeployAsync("a config", "web-1");
        await project.DeployAsync("a config", "web-2");
        await using var visit = await project.VisitAsync();
        var link = visit.Page.Locator("#servers").GetByRole(AriaRole.Link, new() { Name = "web-2" });

        await link.FocusAsync();
        await visit.Page.EvaluateAsync("window.focused = document.activeElement");
        await project.UpdateAsync(id, new { status = "FAILED" });
        await visit.Page.Locator("#servers .status.failed").WaitForAsync();

        (await visit.Page.EvaluateAsync<bool>("window.focused.isConnected")).ShouldBeFalse();
        (await visit.Page.EvaluateAsync<string>("document.activeElement.textContent")).ShouldBe("web-2");
        visit.ShouldHaveNoComplaint();
    }

    [Test]
    public async Task Time_is_shown_in_the_zone_of_the_visitor_with_UTC_in_its_title()
    {
        var project = new Project();
        var id = await project.DeployAsync("a config", "web-1");
        var created = (await project.ReadAsync(id)).GetProperty("creation_time").GetDateTimeOffset();
        await using var visit = await project.VisitAsync(new() { TimezoneId = "Asia/Tokyo", Locale = "de-DE" });

        await visit.OpenAsync($"deployments/{id}");

        var time = visit.Page.Locator("#state time").First;
        (await time.TextContentAsync()).ShouldBe($"{created.ToOffset(TimeSpan.FromHours(9)):dd.MM.yyyy, HH:mm:ss}");
        (await time.GetAttributeAsync("title")).ShouldBe($"{created.ToUniversalTime():yyyy-MM-dd HH:mm:ss} UTC");
        visit.ShouldHaveNoComplaint();
    }

    [Test]
    public async Task Address_of_an_agent_is_on_the_page_that_made_it_alone_and_in_no_cache()
    {
        var project = new Project();
        await project.DeployAsync("a config", "web-1");
        await using var visit = await project.VisitAsync();
        var page = visit.Page;

        await visit.OpenAsync("server?id=web-1");
        (await page.ContentAsync()).ShouldNotContain("/agents/");
        var response = await page.RunAndWaitForResponseAsync(
            () => page.GetByRole(AriaRole.Button, new() { Name = "Make the address" }).ClickAsync(), response => response.Url.EndsWith("/server/agent", StringComparison.Ordinal));
        var address = await project.CreateAgentAsync("web-1");
        (await page.GetByLabel("Address", new() { Exact = true }).TextContentAsync()).ShouldBe(address);
        response.Headers["cache-control"].ShouldContain("no-store");
        await page.GetByRole(AriaRole.Link, new() { Name = "Back to the server" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Show the address" }).WaitForAsync();
        (await page.ContentAsync()).ShouldNotContain(address);

        (await Should.ThrowAsync<PlaywrightException>(() => page.GoBackAsync())).Message.ShouldStartWith("net::ERR_CACHE_MISS");
        visit.Addresses.ShouldAllBe(visited => !visited.Contains(address));
        visit.ShouldHaveNoComplaint();
    }
}
