using System.Security.Cryptography;
using Deployments.Api.Authentication.SignedAddress;
using Deployments.Api.Json;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

public class AgentKeysTests
{
    private static readonly byte[] First = RandomNumberGenerator.GetBytes(AgentKeys.MinBytes);
    private static readonly byte[] Second = RandomNumberGenerator.GetBytes(AgentKeys.MinBytes);

    [Test]
    public void Sign_is_HMAC_SHA_256_of_the_fields_after_their_lengths_in_base64url()
    {
        byte[] text = [0, 0, 0, 1, (byte)'a', 0, 0, 0, 2, 0xc3, 0xa9, 0, 0, 0, 0];

        var mac = new AgentKeys([First]).Sign("a", "é", string.Empty);

        mac.ShouldBe(System.Buffers.Text.Base64Url.EncodeToString(HMACSHA256.HashData(First, text)));
        mac.Length.ShouldBe(43);
    }

    [Test]
    public void First_key_signs_and_every_key_verifies()
    {
        var keys = new AgentKeys([First, Second]);

        keys.Sign("a").ShouldBe(new AgentKeys([First]).Sign("a"));
        keys.SignWithEach("a").ShouldBe([new AgentKeys([First]).Sign("a"), new AgentKeys([Second]).Sign("a")]);
        keys.IsSignature(new AgentKeys([First]).Sign("a"), "a").ShouldBeTrue();
        keys.IsSignature(new AgentKeys([Second]).Sign("a"), "a").ShouldBeTrue();
        new AgentKeys([Second]).IsSignature(keys.Sign("a"), "a").ShouldBeFalse();
    }

    [Test]
    public void Without_keys_nothing_verifies()
    {
        var keys = new AgentKeys([]);

        keys.IsEmpty.ShouldBeTrue();
        keys.IsSignature(string.Empty, "a").ShouldBeFalse();
        keys.IsSignature(new AgentKeys([First]).Sign("a"), "a").ShouldBeFalse();
    }

    [TestCase("a", "bc")]
    [TestCase("abc")]
    [TestCase("ab", "c", "")]
    [TestCase("c", "ab")]
    [TestCase("ab", "C")]
    public void Other_fields_have_another_signature(params string[] fields)
    {
        var keys = new AgentKeys([First]);

        keys.IsSignature(keys.Sign("ab", "c"), fields).ShouldBeFalse();
        keys.IsSignature(keys.Sign("ab", "c"), "ab", "c").ShouldBeTrue();
    }

    [TestCase("")]
    [TestCase("cut")]
    [TestCase("padded")]
    [TestCase("longer")]
    [TestCase("changed")]
    [TestCase("spaced")]
    [TestCase("last bits")]
    public void Code_is_compared_as_text(string change)
    {
        var keys = new AgentKeys([First]);
        var mac = keys.Sign("a");
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

        keys.IsSignature(
            change switch
            {
                "cut" => mac[..^1],
                "padded" => mac + "=",
                "longer" => mac + "A",
                "changed" => (mac[0] == 'A' ? 'B' : 'A') + mac[1..],
                "spaced" => mac + " ",
                "last bits" => mac[..^1] + alphabet[alphabet.IndexOf(mac[^1], StringComparison.Ordinal) + 1], // decodes to the same bytes
                _ => change,
            },
            "a").ShouldBeFalse();
    }

    [Test]
    public void Address_has_its_project_encoded_and_no_server_and_no_time()
    {
        var (agent, deployment, run) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        var keys = new AgentKeys([First]);
        var addresses = new AgentAddresses(keys, "https://example.org/base", TimeFormat.Utc);

        addresses.CreateDocumentUrl("a project/é", agent).ShouldBe(
            $"https://example.org/base/agents/a%20project%2F%C3%A9/{agent}/{keys.Sign("metadata", "a project/é", agent.ToString())}");
        addresses.CreateSignalUrl("p", agent, deployment, run).ShouldBe(
            $"https://example.org/base/signals/p/{agent}/{deployment}/{run}/{keys.Sign("signal", "p", agent.ToString(), deployment.ToString(), run.ToString())}");
        addresses.ComputeDocumentMacs("p", agent).ShouldBe([addresses.CreateDocumentUrl("p", agent).Split('/')[^1]]);
        addresses.ComputeSignalMacs("p", agent, deployment, run).ShouldBe([addresses.CreateSignalUrl("p", agent, deployment, run).Split('/')[^1]]);
    }

    [Test]
    public void Form_is_another_for_another_key_base_or_time_format_and_does_not_have_the_key()
    {
        var form = new AgentAddresses(new AgentKeys([First, Second]), "https://example.org", TimeFormat.Utc).Form;

        form.ShouldBe(new AgentAddresses(new AgentKeys([First]), "https://example.org", TimeFormat.Utc).Form);
        form.ShouldNotBe(new AgentAddresses(new AgentKeys([Second, First]), "https://example.org", TimeFormat.Utc).Form);
        form.ShouldNotBe(new AgentAddresses(new AgentKeys([First]), "https://example.com", TimeFormat.Utc).Form);
        form.ShouldNotBe(new AgentAddresses(new AgentKeys([First]), "https://example.org", TimeFormat.Zoneless).Form);
        form.ShouldNotContain(Convert.ToBase64String(First));
    }
}
