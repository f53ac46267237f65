using System.Diagnostics;
using System.Text.RegularExpressions;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>What the service prints for a developer: it can be pasted at once.</summary>
public sealed partial class DevelopmentBannerTests
{
    private const string Request = "A request to paste:";

    [Test]
    public async Task Banner_has_the_addresses_and_its_request_returns_200_as_soon_as_it_is_printed()
    {
        await using var service = await StartAsync(await TestRun.Server.CreateDatabaseAsync());
        var address = service.Http.BaseAddress!.GetLeftPart(UriPartial.Authority);

        var printed = await ReadUntilAsync(service, line => line == Request);
        var curl = Curl().Match((await service.ReadLineAsync()).ShouldNotBeNull());
        service.ReadOutput();

        printed.ShouldContain($"Deployments serves {address} (development). Swagger: {address}/swagger");
        curl.Groups["address"].Value.ShouldBe($"{address}/v1/demo/software_deployments");
        var request = Requests.Make(HttpMethod.Post, curl.Groups["address"].Value, ("X-Auth-Token", curl.Groups["token"].Value));
        request.Content = Requests.Body(curl.Groups["body"].Value);
        using var response = await service.Http.SendAsync(request);
        (await ApiResponse.ReadAsync(response)).ShouldBeOk();
    }

    [Test]
    public async Task Banner_is_not_printed_while_the_database_has_no_schema()
    {
        await using var service = await StartAsync(await TestRun.Server.CreateDatabaseAsync(), ("Deployments:MigrateOnStart", "false"));

        var printed = await ReadUntilAsync(service, line => line.Contains("The database's schema is not current", StringComparison.Ordinal));
        service.ReadOutput();

        printed.ShouldNotContain(Request);
        (await service.StopAsync()).Output.ShouldNotContain(Request);
    }

    private static Task<ServiceProcess> StartAsync(string database, params (string Name, string Value)[] settings) =>
        ServiceProcess.StartUnreadAsync(new Dictionary<string, string>(
            [.. PatientService.Settings, .. settings.Select(setting => KeyValuePair.Create(setting.Name, setting.Value))])
        {
            ["DOTNET_ENVIRONMENT"] = "Development",
            ["ConnectionStrings:Deployments"] = database,
        });

    private static async Task<List<string>> ReadUntilAsync(ServiceProcess service, Predicate<string> isLast)
    {
        var lines = new List<string>();
        for (var waited = Stopwatch.StartNew(); lines.Count == 0 || !isLast(lines[^1]);)
        {
            waited.Elapsed.ShouldBeLessThan(Service.Timeout);
            lines.Add((await service.ReadLineAsync()).ShouldNotBeNull("The service has ended."));
        }

        return lines;
    }

    [GeneratedRegex("^curl -sS (?<address>http://[^ ]+) -H 'Content-Type: application/json' -H 'X-Auth-Token: (?<token>[^']+)' -d '(?<body>[^']+)'$")]
    private static partial Regex Curl();
}
