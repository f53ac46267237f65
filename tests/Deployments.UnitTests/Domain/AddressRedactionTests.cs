using Deployments.Domain.Agents;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Domain;

public sealed class AddressRedactionTests
{
    private const string Agent = "01a21952-6c74-728a-b0b2-26633938922f";
    private const string Mac = "Zm9v-YmFy_Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm8";
    private const string OtherMac = "MDEy-MzQ1_Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";
    private const string Signal = $"/signals/project/{Agent}/3f8b0c1e-0000-4000-8000-000000000001/3f8b0c1e-0000-4000-8000-000000000002/{Mac}";
    private const string Metadata = $"/agents/project/{Agent}/{OtherMac}";
    private const string OfAnother = "https://a.example/signals/project/3f8b0c1e-0000-4000-8000-000000000001/code";
    private const string Gone = AddressRedaction.Replacement;

    [TestCase($"https://deployments.example{Signal}", Gone)]
    [TestCase($"http://10.0.0.1:8080{Metadata}", Gone)]
    [TestCase($"http://[::1]:8080{Signal}", Gone)]
    [TestCase($"https://user:word@deployments.example/a/prefix{Signal}", Gone)]
    [TestCase(Signal, Gone)]
    [TestCase($"deployments.example{Signal}", Gone)]
    [TestCase($"PUT {Signal} HTTP/1.1", $"PUT {Gone} HTTP/1.1")]
    [TestCase($"curl https://a.example{Signal}; ls", $"curl {Gone}; ls")]
    [TestCase($"'value': 'https://a.example{Signal}', 'x': 1", $"'value': '{Gone}', 'x': 1")]
    [TestCase($"\"https://a.example{Signal}\"", $"\"{Gone}\"")]
    [TestCase($"id=https://a.example{Signal}\nrc=1", $"id={Gone}\nrc=1")]
    [TestCase($"https://docs.example,https://a.example{Signal}.", $"https://docs.example,{Gone}.")]
    [TestCase($"a https://a.example{Signal} b https://a.example{Metadata} c", $"a {Gone} b {Gone} c")]
    [TestCase($"https%3A%2F%2Fa.example%2Fsignals%2Fproject%2F{Agent}%2F{Mac}", Gone)]
    [TestCase($"https://a.example/signals/a%20project/{Agent}/id/run/unknown-mac_", Gone)]
    [TestCase($"https://a.example/agents/project/01A21952-6C74-728A-B0B2-26633938922F/{OtherMac}", Gone)]
    [TestCase($"https://a.example/agents/project/{Agent}", Gone)]
    [TestCase(Mac, Gone)]
    [TestCase($"mac:{Mac},{OtherMac}", $"mac:{Gone},{Gone}")]
    [TestCase(OfAnother, OfAnother)]
    [TestCase("nothing to hide", "nothing to hide")]
    [TestCase("", "")]
    public void Apply_replaces_addresses_of_the_agent_and_nothing_else(string text, string redacted) =>
        Redaction.Apply(text).ShouldBe(redacted);

    [Test, CancelAfter(20_000)]
    public void Apply_takes_time_in_proportion_to_the_length_of_the_text()
    {
        var text = string.Concat(Enumerable.Repeat("http://", 150_000)) + string.Concat(Enumerable.Repeat(Agent + " ", 30_000));

        Redaction.Apply(text).ShouldNotContain(Agent);
    }

    private static AddressRedaction Redaction => new(Guid.Parse(Agent), [Mac, OtherMac]);
}
