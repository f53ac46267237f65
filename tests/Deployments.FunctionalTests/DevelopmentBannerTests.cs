using System.Text.RegularExpressions;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>What the service prints for a developer: it can be pasted at once.</summary>
public sealed partial class DevelopmentBannerTests
{
    private const string Request = "A request to paste:";

    private static readonly Dictionary<string, string> Development = new() { ["DOTNET_ENVIRONMENT"] = "Development" };

    [Test]
    public async Task Request_of_the_banner_returns_200_as_soon_as_it_is_printed()
    {
        var database = await TestRun.Server.CreateDatabaseAsync();
        await using var service = await ServiceProcess.StartUnreadAsync(
            new Dictionary<string, string>(Development) { ["ConnectionStrings:Deployments"] = database });
        while (await service.ReadLineAsync() is { } line && line != Request)
        {
        }

        var curl = Curl().Match((await service.ReadLineAsync()).ShouldNotBeNull());
        service.ReadOutput();
        var request = Requests.Make(HttpMethod.Post, curl.Groups["address"].Value, ("X-Auth-Token", curl.Groups["token"].Value));
        request.Content = Requests.Body(curl.Groups["body"].Value);
        using var response = await service.Http.SendAsync(request);

        (await ApiResponse.ReadAsync(response)).ShouldBeOk();
    }

    [Test]
    public async Task Banner_is_not_printed_while_the_database_has_no_schema()
    {
        await using var service = await ServiceProcess.StartUnreadAsync(
            new Dictionary<string, string>(Development) { ["ConnectionStrings:Deployments"] = "Host=127.0.0.1;Port=1" });
        while (await service.ReadLineAsync() is { } line && !line.Contains("The database is not ready, trying again", StringComparison.Ordinal))
        {
            line.ShouldNotBe(Request);
        }

        service.ReadOutput();
        (await service.StopAsync()).Output.ShouldNotContain(Request);
    }

    [GeneratedRegex("^curl -sS (?<address>http://[^ ]+) -H 'Content-Type: application/json' -H 'X-Auth-Token: (?<token>[^']+)' -d '(?<body>[^']+)'$")]
    private static partial Regex Curl();
}
