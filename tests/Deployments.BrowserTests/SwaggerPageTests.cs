using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Playwright;
using NUnit.Framework;
using Shouldly;

namespace Deployments.BrowserTests;

/// <summary>The Swagger page as people use it: in a browser, with a token, against the service that serves it.</summary>
public sealed class SwaggerPageTests
{
    // The project of the example.
    private const string Project = "95d02433133a4c0a87ba6967474a2ad3";

    private static readonly Dictionary<string, string> Development = new(PatientService.Settings) { ["DOTNET_ENVIRONMENT"] = "Development" };

    [Test]
    public async Task The_example_is_posted_from_the_page_with_a_token()
    {
        await using var browser = await Browser.StartAsync();
        await using var database = await TestDatabase.StartAsync();
        await using var service = await ServiceProcess.StartAsync(
            new Dictionary<string, string>(Development) { ["ConnectionStrings:Deployments"] = await database.CreateDatabaseAsync() });
        var token = (await ServiceProcess.RunAsync(Development, "token", "--project", Project)).Output.Trim();
        var example = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Data", "create-request.json"));
        var page = await browser.OpenPageAsync();
        var complaints = ComplaintsOf(page);

        await page.GotoAsync($"{service.Http.BaseAddress}swagger");
        await AuthorizeAsync(page, token);
        await page.Locator("#operations-tag-SoftwareDeployments").ClickAsync();
        var operation = page.Locator("[id^=operations-][id$=-createSoftwareDeployment]");
        await operation.Locator(".opblock-summary-control").ClickAsync();
        await operation.GetByRole(AriaRole.Button, new() { Name = "Try it out" }).ClickAsync();
        await operation.Locator("tr[data-param-name=project_id] input").FillAsync(Project);
        await operation.Locator("textarea.body-param__text").FillAsync(example);
        await operation.GetByRole(AriaRole.Button, new() { Name = "Execute", Exact = true }).ClickAsync();
        var response = operation.Locator(".live-responses-table tbody .response").First;
        await response.WaitForAsync();
        await response.ScrollIntoViewIfNeededAsync();
        await page.ScreenshotAsync(new() { Path = Screenshot("swagger.png") });

        (await response.Locator(".response-col_status").InnerTextAsync()).ShouldStartWith("200");
        var body = JsonElement.Parse(await response.Locator(".highlight-code code").First.TextContentAsync() ?? string.Empty);
        var deployment = body.GetProperty("software_deployment");
        deployment.GetProperty("id").GetGuid().Version.ShouldBe(7);
        deployment.GetProperty("status_reason").GetString().ShouldBe("Deploy data available");
        complaints.ShouldBeEmpty();
    }

    private static async Task AuthorizeAsync(IPage page, string token)
    {
        await page.Locator(".auth-wrapper .authorize").ClickAsync();
        var dialog = page.Locator(".auth-container").Filter(new() { HasText = "http, Bearer" });
        await dialog.Locator("input").FillAsync(token);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Apply credentials" }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
    }

    /// <summary>What the browser complains of: errors of the page's scripts, files that are missing, what a policy forbids.</summary>
    private static List<string> ComplaintsOf(IPage page)
    {
        var complaints = new List<string>();
        page.PageError += (_, error) => complaints.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                complaints.Add(message.Text);
            }
        };
        return complaints;
    }

    private static string Screenshot(string name, [CallerFilePath] string thisFile = "") =>
        Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "artifacts", "browser", name);
}
