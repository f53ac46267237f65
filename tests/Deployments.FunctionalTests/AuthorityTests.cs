using System.Diagnostics;
using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Keys that are discovered: they come, they go, and they may be out of reach.</summary>
public sealed class AuthorityTests
{
    [Test]
    public async Task Tokens_that_a_discovered_key_signed_are_taken_and_no_others()
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
    public async Task A_key_that_was_withdrawn_verifies_nothing_once_the_keys_have_been_asked_for_again()
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

        // A token that names a key which is not known yet lets the service ask again, beside the request.
        await UntilAsync(async () => (await project.CreateAsAsync(rotated(project.Token))).Status == HttpStatusCode.OK);
        (await project.CreateAsAsync(withdrawn(project.Token with { Subject = "not remembered" }))).ShouldBeUnauthorized();
    }

    [Test]
    public async Task An_authority_that_cannot_be_reached_is_no_wrong_signature([Values] bool silent)
    {
        await using var identity = await IdentityService.StartAsync();
        identity.Add("a");
        (identity.IsDown, identity.IsSilent) = (!silent, silent);
        await using var service = await Service.StartReadyAsync(
            TestRun.ConnectionString, identity.Settings.Concat(Token.SigningKeys).ToDictionary());
        var project = new Project(service);
        var token = identity.SignerWith("a")(project.Token);

        (await project.CreateAsync(Project.Minimal)).ShouldBeOk(); // what other keys sign goes on
        var watch = Stopwatch.StartNew();
        var refused = await project.CreateAsAsync(token);

        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(5));
        refused.ShouldBeError(HttpStatusCode.ServiceUnavailable).Headers.ShouldContainKey("Retry-After");
        refused.Text.ShouldContain("identity service");
        refused.Text.ShouldNotContain(identity.Address);
        (await project.CountStoredAsync()).ShouldBe(1);

        // What needs no token goes on; and so does this once the authority is back.
        (await service.GetAsync("/healthz/live", ("X-Auth-Token", token.ToString()))).ShouldBeOk();
        (identity.IsDown, identity.IsSilent) = (false, false);
        await UntilAsync(async () => (await project.CreateAsAsync(token)).Status == HttpStatusCode.OK);
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var waited = Stopwatch.StartNew(); !await holds(); await Task.Delay(TimeSpan.FromMilliseconds(50)))
        {
            waited.Elapsed.ShouldBeLessThan(Service.Timeout);
        }
    }
}
