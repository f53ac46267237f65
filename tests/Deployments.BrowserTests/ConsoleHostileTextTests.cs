using System.Globalization;
using System.Text;
using Microsoft.Playwright;
using NUnit.Framework;
using Shouldly;

namespace Deployments.BrowserTests;

/// <summary>Texts that are markup, addresses or controls elsewhere: each is shown as the text that it is, on every page.</summary>
public sealed class ConsoleHostileTextTests
{
    private const int LongEnoughToBeCut = 70_000;

    // Of a text that is not the matter of its page.
    private const int Longest = 200;

    private static readonly StringBuilder Report = new();

    // What cannot be seen is shown as a sign.
    private static readonly (string Text, string Shown)[] Texts =
    [
        Same("<script>alert(1)</script>"),
        Same("\"><img src=x onerror=alert(1)>"),
        Same("'\"&<>"),
        Same("&lt;b&gt; &amp;"),
        Same("</pre></main><h1>Signed out</h1>"),
        ("\u202Eexe.tset", "⟨U+202E⟩exe.tset"),
        ("\u2066left to right", "⟨U+2066⟩left to right"),
        ("zero\u200Bwidth\uFEFF", "zero⟨U+200B⟩width⟨U+FEFF⟩"),
        ("bell\u0007 and start\u0001", "bell␇ and start␁"),
        ("\u001B[31mred\u001B[0m", "␛[31mred␛[0m"),
        ("next\u0085line\u007F", "next⟨U+0085⟩line␡"),
        Same(new string('W', 255)),
        Same("🚀👍🏽 Ünïcödé"),
        Same("שלום عالم"),
        Same("../.."),
        Same(".."),
        Same("a/b?c#d%2F&e=f"),
        Same("//example.org/\\"),
        Same("javascript:alert(1)"),
        Same("{{7*7}} ${7*7} @(7*7)"),
    ];

    private static IEnumerable<TestCaseData> Cases => Texts.Select(text => new TestCaseData(text.Text, text.Shown).SetArgDisplayNames($"{Array.IndexOf(Texts, text):D2}"));

    [TestCaseSource(nameof(Cases))]
    public async Task Text_of_others_is_shown_as_text_on_every_page_and_its_links_lead_to_what_it_names(string text, string shown)
    {
        var project = new Project { Subject = text };
        var config = await project.CreateConfigAsync(new
        {
            name = text,
            group = text,
            config = text,
            inputs = new[] { new { name = text, description = text, @default = text } },
            outputs = new[] { new { name = text, description = text } },
        });
        var id = await project.DeployAsync(new
        {
            config_id = config,
            server_id = text,
            action = text,
            input_values = new Dictionary<string, string> { [text] = text },
        });
        var whole = text + new string('.', LongEnoughToBeCut);
        await project.UpdateAsync(id, new
        {
            status = "FAILED",
            status_reason = text,
            output_values = new Dictionary<string, string> { ["deploy_stdout"] = text, ["deploy_stderr"] = $"{text}\n", [text] = whole },
        });
        var lines = shown.Replace("⟨U+0085⟩", "\n", StringComparison.Ordinal); // where a text may have lines, it ends one
        var start = shown.Length > Longest ? $"{shown[..Longest]}…" : shown;
        await using var visit = await project.VisitAsync();
        var page = visit.Page;

        await ShouldShowAsync("servers", shown, "#servers tbody th", ".visitor bdi >> nth=1");
        await page.Locator("#servers tbody th a").ClickAsync();
        await ShouldShowAsync("server", shown, "h1", "#now tbody th", "#now tbody td:nth-child(4)");
        await page.Locator("#now").GetByText("Details").ClickAsync();
        await ShouldShowAsync(
            "deployment", shown, "h1 bdi", ".trail bdi", "#state dd a bdi >> nth=0", "#state dd a bdi >> nth=1", "dl.values bdi", "#history bdi >> nth=0", "#history .long bdi");
        await ShouldShowAsync("deployment", lines, "#state .long bdi", "#outputs pre >> nth=0", "#outputs pre >> nth=1");
        await page.GetByRole(AriaRole.Link, new() { Name = "Show the values" }).ClickAsync();
        await ShouldShowAsync("values of inputs", lines, "dl.values pre");
        (await page.GetByRole(AriaRole.Link, new() { Name = "The whole text" }).EvaluateAsync<string>("async link => (await fetch(link.href)).text()")).ShouldBe(whole);
        await page.Locator("#state dd a bdi >> nth=1").ClickAsync();
        await ShouldShowAsync("config", shown, "h1", "dl.facts bdi >> nth=0", "tbody th >> nth=0", "main ul bdi >> nth=0", "tbody th >> nth=1");
        await ShouldShowAsync("config", start, "tbody td:nth-child(3) >> nth=0", "tbody td:nth-child(4) >> nth=0", "main ul .hint bdi >> nth=0");
        await ShouldShowAsync("config", lines, "pre");
        await page.GetByRole(AriaRole.Link, new() { Name = "Deploy it" }).ClickAsync();
        await ShouldShowAsync("new deployment", shown, "h1 bdi", "label bdi", "#input-0-hint");
        (await page.Locator("#input-0").InputValueAsync()).ShouldBe(text.ReplaceLineEndings("\n"));
        await visit.OpenAsync("configs");
        await ShouldShowAsync("configs", shown, "tbody th", "tbody td:nth-child(2)");
        await visit.OpenAsync("activity");
        await ShouldShowAsync("activity", shown, "tbody tr:first-child td:nth-child(4)", "tbody tr:first-child td:nth-child(5)");
        await ShouldShowAsync("activity", start, "tbody tr:first-child td:nth-child(6)");
        await page.Locator("tbody tr:first-child td:nth-child(4) a").ClickAsync();
        await ShouldShowAsync("server", shown, "h1");
        await page.GetByRole(AriaRole.Link, new() { Name = "New deployment" }).Last.ClickAsync();
        await ShouldShowAsync("choose config", shown, "main form p bdi");
        visit.ShouldHaveNoComplaint();

        async Task ShouldShowAsync(string name, string expected, params string[] places)
        {
            foreach (var place in places)
            {
                var found = await page.Locator(place).First.TextContentAsync();
                Report.AppendLine(CultureInfo.InvariantCulture, $"{name,-18} {place,-40} {Escape(text)} → {found?.Trim()}");
                found?.Trim().ShouldBe(expected, $"{name}, {place}");
            }

            (await page.Locator("img, script:not([type=module]), h1 ~ h1").CountAsync()).ShouldBe(0, $"{name}: the text has made an element");
            (await page.TitleAsync()).ShouldEndWith(" – Deployments");
        }
    }

    [OneTimeTearDown]
    public Task WriteAsync() => File.WriteAllTextAsync(Browser.Artifact("hostile.txt"), Report.ToString());

    private static (string Text, string Shown) Same(string text) => (text, text);

    private static string Escape(string text) =>
        string.Concat(text.Select(character => character is < ' ' or (>= '\u007F' and < '\u00A0') or (>= '\u2000' and < '\u2070') or '\uFEFF' ? $"\\u{(int)character:X4}" : $"{character}"));
}
