using NUnit.Framework;
using Shouldly;

namespace Deployments.BrowserTests;

/// <summary>An open page whose service is stopped and started again.</summary>
public sealed class ConsoleConnectionTests
{
    [Test]
    public async Task Open_page_shows_that_it_is_not_connected_and_after_a_restart_what_changed_meanwhile_without_a_reload()
    {
        await using var service = await ServiceProcess.StartReadyAsync(TestRun.SettingsWith(TestRun.Database));
        var project = new Project(service);
        var another = new Project { Id = project.Id };
        var id = await project.DeployAsync("a config", "web-1");
        await using var visit = await project.VisitAsync();
        var page = visit.Page;
        await page.GotoAsync(Project.ConsoleAddress($"deployments/{id}", service));
        await page.EvaluateAsync("window.notReloaded = true");

        await service.StopAsync();
        await page.GetByText("Not connected.").WaitForAsync();
        await another.UpdateAsync(id, new { status = "COMPLETE", status_reason = "Changed by another instance." }); // of the same database
        await service.RestartAsync();

        await page.Locator("#state .status.complete").WaitForAsync();
        await page.GetByText("Not connected.").WaitForAsync(new() { State = Microsoft.Playwright.WaitForSelectorState.Detached });
        (await page.Locator("#state").InnerTextAsync()).ShouldContain("Changed by another instance.");
        (await page.EvaluateAsync<bool>("window.notReloaded")).ShouldBeTrue();
        visit.ShouldHaveNoComplaint("Failed to load resource");
    }
}
