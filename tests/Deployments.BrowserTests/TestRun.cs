using NUnit.Framework;

namespace Deployments.BrowserTests;

/// <summary>What the tests share: one browser, one database, one service in Development.</summary>
[SetUpFixture]
internal sealed class TestRun
{
    public static Browser Browser { get; private set; } = null!;

    public static TestDatabase Server { get; private set; } = null!;

    /// <summary>The connection string of the service's database.</summary>
    public static string Database { get; private set; } = null!;

    public static ServiceProcess Service { get; private set; } = null!;

    public static IReadOnlyDictionary<string, string> SettingsWith(string database) =>
        new Dictionary<string, string>([.. PatientService.Settings, .. Token.IssuerSettings])
        {
            ["DOTNET_ENVIRONMENT"] = "Development",
            ["ConnectionStrings:Deployments"] = database,
        };

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        Browser = await Browser.StartAsync();
        Server = await TestDatabase.StartAsync();
        Database = await Server.CreateDatabaseAsync();
        Service = await ServiceProcess.StartReadyAsync(SettingsWith(Database));
    }

    [OneTimeTearDown]
    public async Task EndAsync()
    {
        foreach (var started in new IAsyncDisposable?[] { Service, Server, Browser })
        {
            await (started?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }
}
