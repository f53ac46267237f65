using Microsoft.Playwright;
using Shouldly;

namespace Deployments.BrowserTests;

/// <summary>A page in a browser of its own, and what the browser reported of it.</summary>
internal sealed class Visit : IAsyncDisposable
{
    /// <summary>How long a page may take for anything: the machine may be busy.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    // The browser reports a page that comes with the status of an error, too; a test asks for such a page on purpose.
    private const string NotLoaded = "Failed to load resource";

    private readonly List<string> complaints = [];
    private readonly List<string> pages = [];

    public Visit(IBrowserContext context, IPage page)
    {
        Context = context;
        Page = page;
        page.PageError += (_, error) => complaints.Add(error);
        page.Dialog += (_, dialog) =>
        {
            complaints.Add($"dialog: {dialog.Message}");
            _ = dialog.DismissAsync();
        };
        page.Request += (_, request) =>
        {
            Addresses.Add(request.Url);
            if (request.IsNavigationRequest)
            {
                pages.Add(request.Url);
            }
        };
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning" && !(message.Text.StartsWith(NotLoaded, StringComparison.Ordinal) && pages.Any(message.Location.StartsWith)))
            {
                complaints.Add($"{message.Text} ({message.Location})");
            }
        };
    }

    public IBrowserContext Context { get; }

    public IPage Page { get; }

    /// <summary>Every address that the browser has asked for.</summary>
    public List<string> Addresses { get; } = [];

    /// <summary>Opens a page of the console.</summary>
    public Task<IResponse?> OpenAsync(string path) => Page.GotoAsync(Project.ConsoleAddress(path));

    /// <summary>Signs in with a token, as a person does.</summary>
    public async Task SignInAsync(string token, ServiceProcess? service = null)
    {
        await Page.GotoAsync(Project.ConsoleAddress("sign-in", service));
        await SubmitTokenAsync(token);
    }

    public async Task SubmitTokenAsync(string token)
    {
        await Page.GetByLabel("Token").FillAsync(token);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
    }

    /// <summary>The browser has reported no error of a script, no missing file and nothing that the content policy forbids.</summary>
    /// <param name="expected">The beginnings of messages that the test provokes.</param>
    public void ShouldHaveNoComplaint(params string[] expected) =>
        complaints.Where(complaint => !expected.Any(complaint.StartsWith)).ShouldBeEmpty();

    public ValueTask DisposeAsync() => Context.DisposeAsync();
}
