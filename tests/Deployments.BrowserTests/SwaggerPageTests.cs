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

    [Test]
    public async Task The_example_is_posted_from_the_page_with_a_token()
    {
        var token = new Token(Project).ToString();
        var example = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Data", "create-request.json"));
        await using var visit = await TestRun.Browser.VisitAsync();
        var page = visit.Page;

        await page.GotoAsync($"{TestRun.Service.Address}swagger");
        await AuthorizeAsync(page, token);
        var operation = page.Locator("[id^=operations-][id$=-createSoftwareDeployment]");
        await page.ScreenshotAsync(new() { Path = Browser.Artifact("swagger-first.png") });
        await operation.Locator(".opblock-summary-control").ClickAsync();
        await operation.GetByRole(AriaRole.Button, new() { Name = "Try it out" }).ClickAsync();
        await operation.Locator("tr[data-param-name=project_id] input").FillAsync(Project);
        await operation.Locator("textarea.body-param__text").FillAsync(example);
        await operation.GetByRole(AriaRole.Button, new() { Name = "Execute", Exact = true }).ClickAsync();
        var response = operation.Locator(".live-responses-table tbody .response").First;
        await response.WaitForAsync();
        await response.ScrollIntoViewIfNeededAsync();
        await page.ScreenshotAsync(new() { Path = Browser.Artifact("swagger.png") });

        (await response.Locator(".response-col_status").InnerTextAsync()).ShouldStartWith("200");
        var body = JsonElement.Parse(await response.Locator(".highlight-code code").First.TextContentAsync() ?? string.Empty);
        var deployment = body.GetProperty("software_deployment");
        deployment.GetProperty("id").GetGuid().Version.ShouldBe(7);
        deployment.GetProperty("status_reason").GetString().ShouldBe("Deploy data available");
        visit.ShouldHaveNoComplaint();
    }

    [Test]
    public async Task Token_is_entered_in_one_box_and_in_Development_remembered_over_a_reload()
    {
        await using var database = await TestDatabase.StartAsync();
        await using var service = await ServiceProcess.StartReadyAsync(new Dictionary<string, string>(PatientService.Settings)
        {
            ["DOTNET_ENVIRONMENT"] = "Development",
            ["ConnectionStrings:Deployments"] = await database.CreateDatabaseAsync(),
        });
        await using var visit = await TestRun.Browser.VisitAsync();
        var page = visit.Page;
        await page.GotoAsync($"{service.Address}swagger");
        await AuthorizeAsync(page, "a-token");

        await page.ReloadAsync();

        await page.Locator(".auth-wrapper .authorize.locked").ClickAsync();
        await page.Locator(".auth-container").First.WaitForAsync();
        (await page.Locator(".auth-container").CountAsync()).ShouldBe(1);
        await page.Locator(".auth-container").GetByRole(AriaRole.Button, new() { Name = "Remove authorization" }).WaitForAsync();
        visit.ShouldHaveNoComplaint();
    }

    [Test]
    public async Task Error_of_an_operation_shows_an_example_of_its_own()
    {
        await using var visit = await TestRun.Browser.VisitAsync();
        var page = visit.Page;
        await page.GotoAsync($"{TestRun.Service.Address}swagger");
        var operation = page.Locator("[id^=operations-][id$=-updateSoftwareDeployment]");
        await operation.Locator(".opblock-summary-control").ClickAsync();
        var error = operation.Locator(".responses-table .response[data-code='412']");
        await error.ScrollIntoViewIfNeededAsync();

        (await error.Locator(".highlight-code code").InnerTextAsync()).ShouldContain("It has changed: its version is none of those in If-Match.");
        await page.ScreenshotAsync(new() { Path = Browser.Artifact("swagger-error.png") });
        visit.ShouldHaveNoComplaint();
    }

    private static async Task AuthorizeAsync(IPage page, string token)
    {
        await page.Locator(".auth-wrapper .authorize").ClickAsync();
        var dialog = page.Locator(".auth-container").Filter(new() { HasText = "http, Bearer" });
        await dialog.Locator("input").FillAsync(token);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Apply credentials" }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
    }
}
