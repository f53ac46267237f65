using System.Diagnostics;
using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Keys discovered from an authority: added, withdrawn and unreachable.</summary>
public sealed class AuthorityTests
{
    [Test]
    public async Task Create_deployment_returns_200_for_a_token_of_a_discovered_key_and_401_for_any_other()
    {
        await using var identity = await IdentityService.StartAsync();
        identity.Add("a");
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, identity.Settings);
        var project = new Project(service);
        var sign = identity.SignerWith("a");

        (await project.CreateAsAsync(sign(project.Token))).ShouldBeOk();
        (await project.CreateAsAsync(sign(project.Token) with { KeyId = null })).ShouldBeOk();
        (await project.CreateAsAsync(sign(project.Token) with { Issuer = Token.TrustedIssuer })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(sign(project.Token) with { Audience = "others" })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(sign(project.Token) with { Expires = null })).ShouldBeUnauthorized();
        (await project.CreateAsAsync(project.Token)).ShouldBeUnauthorized();
    }

    [Test]
    public async Task Create_deployment_with_a_token_of_a_withdrawn_key_returns_401_once_the_keys_are_refreshed()
    {
        await using var identity = await IdentityService.StartAsync();
        identity.Add("old");
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, identity.Settings);
        var project = new Project(service);
        var withdrawn = identity.SignerWith("old");
        (await project.CreateAsAsync(withdrawn(project.Token))).ShouldBeOk();

        identity.Add("new");
        identity.Withdraw("old");
        var rotated = identity.SignerWith("new");

        // A token with an unknown key id makes the service refresh the keys in the background.
        await UntilAsync(async () => (await project.CreateAsAsync(rotated(project.Token))).Status == HttpStatusCode.OK);
        (await project.CreateAsAsync(withdrawn(project.Token with { Subject = "not remembered" }))).ShouldBeUnauthorized();
    }

    [Test]
    public async Task Create_deployment_returns_503_while_the_authority_is_unreachable([Values] bool silent)
    {
        await using var identity = await IdentityService.StartAsync();
        identity.Add("a");
        (identity.IsDown, identity.IsSilent) = (!silent, silent);
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString,
            identity.Settings.Concat(Token.SigningKeys).ToDictionary(),
            budgets => budgets.Discovery = TimeSpan.FromSeconds(1));
        var project = new Project(service);
        var token = identity.SignerWith("a")(project.Token);

        (await project.CreateAsync(Project.Minimal)).ShouldBeOk(); // tokens of other keys are still accepted
        var refused = await project.CreateAsAsync(token);

        refused.ShouldBeError(HttpStatusCode.ServiceUnavailable).Headers.ShouldContainKey("Retry-After");
        refused.Text.ShouldContain("identity service");
        refused.Text.ShouldNotContain(identity.Address);
        (await project.CountStoredAsync()).ShouldBe(1);

        // Paths without authentication keep working; the token is accepted once the authority responds again.
        (await service.GetAsync("/healthz/live", ("X-Auth-Token", token.ToString()))).ShouldBeOk();
        (identity.IsDown, identity.IsSilent) = (false, false);
        await UntilAsync(async () => (await project.CreateAsAsync(token)).Status == HttpStatusCode.OK);
    }

    [Test]
    public async Task Failed_discovery_logs_the_address_without_user_and_query()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, new Dictionary<string, string>(Token.SigningKeys)
        {
            ["Authentication:Schemes:Bearer:Authority"] = "https://user:unsaid@127.0.0.1:1/x?tok=unsaid",
        });
        var project = new Project(service);
        using var key = System.Security.Cryptography.RSA.Create(2048);

        (await project.CreateAsAsync(project.Token with { Algorithm = "RS256", Signature = Token.Rsa(key) })).ShouldBeError(HttpStatusCode.ServiceUnavailable);
        var line = await service.Log.WaitForAsync(line => line.Message.Contains("cannot be discovered", StringComparison.Ordinal));

        line.Message.ShouldBe("Authentication:Schemes:Bearer:Authority: the keys of authority https://127.0.0.1:1/x cannot be discovered. Connection refused");
        service.Log.Lines.ShouldNotContain(logged => logged.Text.Contains("unsaid", StringComparison.Ordinal));
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var waited = Stopwatch.StartNew(); !await holds(); await Task.Delay(TimeSpan.FromMilliseconds(50)))
        {
            waited.Elapsed.ShouldBeLessThan(Service.Timeout);
        }
    }
}
