using System.Runtime.CompilerServices;
using Microsoft.Playwright;
using NUnit.Framework;

[assembly: ReportRun]

namespace Deployments.BrowserTests;

/// <summary>The machine's own Chromium, without a window. Where there is none, its tests are skipped.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly string[] Programs = ["chromium", "chromium-browser", "google-chrome"];

    // As root and in containers there is no sandbox; and it is to talk to nobody but the service.
    private static readonly string[] Flags =
    [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    private readonly IPlaywright playwright;
    private readonly IBrowser browser;

    private Browser(IPlaywright playwright, IBrowser browser)
    {
        this.playwright = playwright;
        this.browser = browser;
    }

    public static async Task<Browser> StartAsync()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator);
        var program = Programs.SelectMany(name => folders.Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
        if (program is null)
        {
            Assert.Ignore($"There is no browser: none of {string.Join(", ", Programs)} is in PATH (Debian: apt-get install chromium).");
        }

        var playwright = await Playwright.CreateAsync();
        return new Browser(playwright, await playwright.Chromium.LaunchAsync(new() { ExecutablePath = program, Args = Flags }));
    }

    /// <summary>Opens a page that shares nothing with another: no cookie, nothing in a cache.</summary>
    public async Task<Visit> VisitAsync(BrowserNewContextOptions? options = null)
    {
        options ??= new();
        options.ViewportSize ??= new() { Width = 1280, Height = 1600 };
        var context = await browser.NewContextAsync(options);
        context.SetDefaultTimeout((float)Visit.Timeout.TotalMilliseconds);
        return new Visit(context, await context.NewPageAsync());
    }

    /// <summary>The path of a file that a test leaves for people.</summary>
    public static string Artifact(string name, [CallerFilePath] string thisFile = "")
    {
        var folder = Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "artifacts", "browser");
        Directory.CreateDirectory(folder);
        return Path.GetFullPath(Path.Combine(folder, name));
    }

    public async ValueTask DisposeAsync()
    {
        await browser.DisposeAsync();
        playwright.Dispose();
    }
}
