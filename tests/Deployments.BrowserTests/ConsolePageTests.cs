using System.Globalization;
using System.Text;
using Deque.AxeCore.Commons;
using Microsoft.Playwright;
using NUnit.Framework;
using Shouldly;

namespace Deployments.BrowserTests;

/// <summary>Every page of the console, light and dark, wide and narrow: a picture, accessibility, width and weight.</summary>
public sealed class ConsolePageTests
{
    private const int MaxWeight = 300 * 1024;
    private const int Wide = 1280;
    private const int Narrow = 390;

    private const string RunAxe =
        """
        async () => {
          const found = await axe.run();
          return {
            passed: found.passes.length,
            incomplete: found.incomplete.length,
            violations: found.violations.map(({ id, help, nodes }) => `${id}, ${help}: ${nodes.map(node => node.html).join("; ")}`),
          };
        }
        """;

    private static readonly string Axe = new BundledAxeScriptProvider().GetScript();

    private static readonly Project Empty = new();
    private static readonly Project Full = new();

    private static readonly StringBuilder AxeTable = new();
    private static readonly StringBuilder Weights = new();

    // Their ids are known once they are created.
    private static string hello = null!;
    private static string typed = null!;
    private static string complete = null!;
    private static string failed = null!;
    private static string inProgress = null!;

    private static readonly IReadOnlyList<ShownPage> Pages =
    [
        new("sign-in", visit => visit.OpenAsync("sign-in"), null),
        new("sign-in-refused", async visit =>
        {
            await visit.OpenAsync("sign-in");
            await visit.SubmitTokenAsync("no token");
            await visit.Page.GetByRole(AriaRole.Alert).WaitForAsync();
        }, null),
        new("servers-empty-project", visit => visit.OpenAsync("servers"), Empty),
        new("servers", visit => visit.OpenAsync("servers"), Full),
        new("servers-failed", visit => visit.OpenAsync("servers?status=failed"), Full),
        new("servers-search", visit => visit.OpenAsync("servers?prefix=web-"), Full),
        new("servers-search-without-result", visit => visit.OpenAsync("servers?prefix=none"), Full),
        new("server", visit => visit.OpenAsync("server?id=web-1"), Full),
        new("server-past", visit => visit.OpenAsync("server?id=web-1&past=true"), Full),
        new("server-unknown", visit => visit.OpenAsync("server?id=unknown"), Full),
        new("agent-address", async visit =>
        {
            await visit.OpenAsync("server?id=web-1");
            await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Show the address" }).ClickAsync();
            await visit.Page.GetByLabel("Address", new() { Exact = true }).WaitForAsync();
        }, Full),
        new("revoke-agent", visit => visit.OpenAsync("server/revoke-agent?id=web-1"), Full),
        new("deployment-complete", visit => visit.OpenAsync($"deployments/{complete}"), Full),
        new("deployment-failed", visit => visit.OpenAsync($"deployments/{failed}"), Full),
        new("deployment-in-progress", visit => visit.OpenAsync($"deployments/{inProgress}"), Full),
        new("deployment-inputs-shown", visit => visit.OpenAsync($"deployments/{complete}?values=true"), Full),
        new("mark-failed", visit => visit.OpenAsync($"deployments/{inProgress}/mark-failed"), Full),
        new("run-again", visit => visit.OpenAsync($"deployments/{failed}/run-again"), Full),
        new("run-again-not-possible", visit => visit.OpenAsync($"deployments/{inProgress}/run-again"), Full),
        new("delete", visit => visit.OpenAsync($"deployments/{complete}/delete"), Full),
        new("configs", visit => visit.OpenAsync("configs"), Full),
        new("configs-none", visit => visit.OpenAsync("configs"), Empty),
        new("config", visit => visit.OpenAsync($"configs/{hello}"), Full),
        new("config-typed", visit => visit.OpenAsync($"configs/{typed}"), Full),
        new("new-config", visit => visit.OpenAsync("configs/new"), Full),
        new("choose-config", visit => visit.OpenAsync("new-deployment?server_id=web-1"), Full),
        new("choose-config-none", visit => visit.OpenAsync("new-deployment"), Empty),
        new("new-deployment", visit => visit.OpenAsync($"new-deployment?config_id={typed}"), Full),
        new("new-deployment-refused", async visit =>
        {
            await visit.OpenAsync($"new-deployment?config_id={typed}");
            await visit.Page.GetByLabel("Servers").FillAsync(new string('s', 256));
            await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Deploy" }).ClickAsync();
            await visit.Page.GetByRole(AriaRole.Alert).WaitForAsync();
        }, Full),
        new("activity", visit => visit.OpenAsync("activity"), Full),
        new("activity-none", visit => visit.OpenAsync("activity"), Empty),
        new("not-found", visit => visit.OpenAsync("nowhere"), Full),
    ];

    private static IEnumerable<string> PageNames => Pages.Select(page => page.Name);

    [OneTimeSetUp]
    public async Task FillAsync()
    {
        AxeTable.AppendLine(CultureInfo.InvariantCulture, $"{"page",-32} {"look",-14} {"passed",6} {"violations",10} {"incomplete",10}");
        Weights.AppendLine(CultureInfo.InvariantCulture, $"{"page",-32} {"KiB",6} {"HTML",6} {"others",6}");
        hello = await Full.CreateScriptAsync("hello", "#!/bin/sh\necho \"Hello from $(hostname)\"\n");
        typed = await Full.CreateConfigAsync(new
        {
            name = "web server",
            group = "script",
            config = "#!/bin/sh\nset -eu\napt-get install -y nginx\nsed -i \"s/80/$port/\" /etc/nginx/sites-enabled/default\nsystemctl reload nginx\n",
            inputs = new object[]
            {
                new { name = "host_name", type = "String", @default = "www.example.org", description = "The name under which it is reached" },
                new { name = "port", type = "Number", @default = 8080 },
                new { name = "modules", type = "CommaDelimitedList", @default = "gzip,http2" },
                new { name = "limits", type = "Json", @default = new { connections = 1024, rate = "10r/s" } },
                new { name = "tls", type = "Boolean", @default = true },
                new { name = "password", type = "String", description = "Of the administrator" },
            },
            outputs = new object[] { new { name = "address", description = "Where it listens" }, new { name = "problem", error_output = true } },
        });
        await Full.DeployAllAsync(Enumerable.Range(1, 300).Select(n => new
        {
            config_id = n % 2 == 0 ? hello : typed,
            server_id = $"server-{n:D3}",
            action = "CREATE",
            status = (n % 10) switch { 3 => "FAILED", 7 => "IN_PROGRESS", _ => "COMPLETE" },
            status_reason = n % 10 == 3 ? "The script's exit code is 1." : "Outputs received",
        }));

        (await TestRun.Service.Http.GetAsync(new Uri(await Full.CreateAgentAsync("web-1")))).EnsureSuccessStatusCode();
        await Full.DeployAsync(hello, "web-1");
        complete = await Full.DeployAsync(new
        {
            config_id = hello,
            server_id = "web-1",
            action = "CREATE",
            input_values = new { port = 8080, password = "secret", limits = new { connections = 4 } },
        });
        await ReportAsync(complete, "COMPLETE", "Hello from web-1\n", string.Empty, code: 0);
        failed = await Full.DeployAsync(typed, "web-1");
        await ReportAsync(
            failed, "FAILED", "Reading package lists...\nBuilding dependency tree...\n", "E: Unable to locate package nginx\nThe last line is long: " + new string('x', 300), code: 100);
        inProgress = await Full.DeployAsync(new { config_id = hello, server_id = "web-2", action = "CREATE", timeout = 3600 });
    }

    [TestCaseSource(nameof(PageNames))]
    public async Task Page_in_light_and_dark_and_wide_and_narrow_is_accessible_fits_and_is_small(string name)
    {
        var shown = Pages.Single(page => page.Name == name);
        await using var visit = shown.Project is { } project ? await project.VisitAsync() : await TestRun.Browser.VisitAsync();
        await shown.OpenAsync(visit);
        var page = visit.Page;
        await page.WaitForLoadStateAsync();

        var (html, others) = await WeighAsync(page);
        Weights.AppendLine(CultureInfo.InvariantCulture, $"{name,-32} {(html + others) / 1024.0,6:F1} {html / 1024.0,6:F1} {others / 1024.0,6:F1}");
        var violations = new List<string>();
        await page.EvaluateAsync(Axe);
        foreach (var (scheme, width) in Looks())
        {
            var look = $"{(scheme == ColorScheme.Light ? "light" : "dark")}-{(width == Wide ? "wide" : "narrow")}";
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            await page.SetViewportSizeAsync(width, 800);
            await page.ScreenshotAsync(new() { Path = Browser.Artifact($"console-{name}-{look}.png"), FullPage = true });
            if (await page.EvaluateAsync<int>("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth") is > 0 and var excess)
            {
                violations.Add($"{look}: the page is {excess} pixels wider than the screen");
            }

            var found = await page.EvaluateAsync<AxeResult>(RunAxe);
            AxeTable.AppendLine(CultureInfo.InvariantCulture, $"{name,-32} {look,-14} {found.Passed,6} {found.Violations.Length,10} {found.Incomplete,10}");
            violations.AddRange(found.Violations.Select(violation => $"{look}: {violation}"));
        }

        violations.ShouldBeEmpty();
        (html + others).ShouldBeLessThanOrEqualTo(MaxWeight);
        visit.ShouldHaveNoComplaint();
    }

    /// <summary>README's picture: <c>cp artifacts/browser/console.png docs/</c>.</summary>
    [Test]
    public async Task Server_page_shows_what_is_deployed_now_and_its_picture_is_small()
    {
        await using var visit = await Full.VisitAsync();
        await visit.Page.SetViewportSizeAsync(1000, 440);
        await visit.OpenAsync("server?id=web-1");
        (await visit.Page.GetByRole(AriaRole.Region, new() { Name = "Deployments now" }).InnerTextAsync()).ShouldContain("web server");

        var picture = await visit.Page.ScreenshotAsync(new() { Path = Browser.Artifact("console.png") });

        picture.Length.ShouldBeLessThan(100 * 1024);
    }

    [OneTimeTearDown]
    public async Task WriteAsync()
    {
        await File.WriteAllTextAsync(Browser.Artifact("axe.txt"), AxeTable.ToString());
        await File.WriteAllTextAsync(Browser.Artifact("weights.txt"), Weights.ToString());
        await TestContext.Out.WriteLineAsync($"{AxeTable}\n{Weights}");
    }

    private static IEnumerable<(ColorScheme Scheme, int Width)> Looks() =>
        from scheme in new[] { ColorScheme.Light, ColorScheme.Dark } from width in new[] { Wide, Narrow } select (scheme, width);

    private static async Task ReportAsync(string id, string status, string output, string error, int code) => await Full.UpdateAsync(id, new
    {
        status,
        status_reason = code == 0 ? "Outputs received" : $"deploy_status_code: Deployment exited with non-zero status code: {code}",
        output_values = new { deploy_stdout = output, deploy_stderr = error, deploy_status_code = code },
    });

    /// <summary>What the page and the files that it names weigh.</summary>
    private static async Task<(int Html, int Others)> WeighAsync(IPage page)
    {
        var html = Encoding.UTF8.GetByteCount(await page.ContentAsync());
        var others = 0;
        foreach (var address in await page.EvaluateAsync<string[]>("[...document.querySelectorAll('link[rel=stylesheet],script[src]')].map(e => e.href || e.src)"))
        {
            others += (await TestRun.Service.Http.GetByteArrayAsync(new Uri(address))).Length;
        }

        return (html, others);
    }

    /// <param name="Name">What it is called in the names of the pictures.</param>
    /// <param name="OpenAsync">Opens it.</param>
    /// <param name="Project">The project to which the visitor is signed in; null for nobody.</param>
    private sealed record ShownPage(string Name, Func<Visit, Task> OpenAsync, Project? Project);

    private sealed class AxeResult
    {
        public int Passed { get; set; }

        public int Incomplete { get; set; }

        public string[] Violations { get; set; } = [];
    }
}
