using System.Diagnostics;
using Microsoft.Playwright;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.BrowserTests;

/// <summary>A project of 100,000 servers, each tenth of which failed.</summary>
public sealed class ConsoleManyServersTests
{
    private readonly Project project = new();

    [OneTimeSetUp]
    public async Task FillAsync()
    {
        await using var database = NpgsqlDataSource.Create(TestRun.Database);
        await using var fill = database.CreateCommand(
            """
            INSERT INTO software_deployments (project_id, id, config_id, server_id, action, status, status_reason, creation_time, version)
            SELECT $1, ('01a20000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'a config', 'server-' || lpad(n::text, 6, '0'), 'CREATE',
                CASE n % 10 WHEN 0 THEN 'FAILED' ELSE 'COMPLETE' END, 'Outputs received', now(), 1
            FROM generate_series(1, 100000) AS n
            """);
        fill.Parameters.AddWithValue(project.Id);
        await fill.ExecuteNonQueryAsync();
        await using var analyze = database.CreateCommand("VACUUM ANALYZE software_deployments");
        await analyze.ExecuteNonQueryAsync();
    }

    [Test]
    public async Task Servers_are_counted_and_shown_page_by_page_by_status_and_by_the_beginning_of_their_names()
    {
        await using var visit = await project.VisitAsync();
        var page = visit.Page;

        (await TimedAsync("first view", () => visit.OpenAsync("servers"))).ShouldBe(Names(1, step: 1));
        (await page.Locator(".tabs a").AllInnerTextsAsync()).ShouldBe(["All 100,000", "Failed 10,000", "In progress 0", "Complete 90,000"]);
        (await TimedAsync("next page", () => ClickAsync("Next page"))).ShouldBe(Names(101, step: 1));
        (await TimedAsync("first page", () => ClickAsync("First page"))).ShouldBe(Names(1, step: 1));
        (await TimedAsync("failed ones", () => ClickAsync("Failed 10,000"))).ShouldBe(Names(10, step: 10));
        (await TimedAsync("their next page", () => ClickAsync("Next page"))).ShouldBe(Names(1_010, step: 10));
        (await TimedAsync("last page", () => visit.OpenAsync("servers?marker=server-099900"))).ShouldBe(Names(99_901, step: 1));
        await visit.OpenAsync("servers");
        (await TimedAsync("search", async () =>
        {
            await page.GetByLabel("Name begins with").FillAsync("server-0777");
            await page.GetByRole(AriaRole.Button, new() { Name = "Search" }).ClickAsync();
            await page.WaitForURLAsync("**/servers?prefix=server-0777");
        })).ShouldBe(Names(77_700, step: 1));
        visit.ShouldHaveNoComplaint();

        async Task ClickAsync(string link)
        {
            await page.GetByRole(AriaRole.Link, new() { Name = link }).ClickAsync();
            await page.WaitForLoadStateAsync();
        }

        async Task<IReadOnlyList<string>> TimedAsync(string what, Func<Task> openAsync)
        {
            var watch = Stopwatch.StartNew();
            await openAsync();
            var names = await page.Locator("#servers tbody th").AllInnerTextsAsync();
            await TestContext.Out.WriteLineAsync($"{what}: {watch.ElapsedMilliseconds} ms");
            return names;
        }
    }

    private static IEnumerable<string> Names(int first, int step) => Enumerable.Range(0, 100).Select(n => $"server-{first + (n * step):D6}");
}
