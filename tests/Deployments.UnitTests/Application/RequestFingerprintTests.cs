using System.Text.Json;
using Deployments.Application.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

/// <summary>
/// The hashes were read from rows that an instance of version 1ca1b0e had stored. That version computes the same for the same request,
/// so equal values mean that each version recognises the retries of what the other one created.
/// </summary>
[TestFixture]
internal sealed class RequestFingerprintTests
{
    [Test]
    public void Fingerprint_of_a_request_with_required_fields_only_is_that_of_earlier_versions() =>
        Hex(RequestFingerprint.Of(new NewDeployment { ConfigId = "c", ServerId = "s" }))
            .ShouldBe("a4829b70728e8d78933a4b20481d847011b69845de2eaa1abede67f8881b3cd3");

    [Test]
    public void Fingerprint_of_the_seed_page_example_is_that_of_earlier_versions() =>
        Hex(RequestFingerprint.Of(new NewDeployment
        {
            Status = "IN_PROGRESS",
            ServerId = "ec14c864-096e-4e27-bb8a-2c2b4dc6f3f5",
            ConfigId = "8da95794-2ad9-4979-8ae5-739ce314c5cd",
            StackUserProjectId = "c024bfada67845ddb17d2b0c0be8cd79",
            Action = "CREATE",
            StatusReason = "Deploy data available",
        })).ShouldBe("4c0d69e3ce2f8439f330afc0a06137b9d6d9fa644def0d1fed6f4c5a6e45cc5e");

    [Test]
    public void Fingerprint_of_a_request_with_every_field_and_escaped_text_is_that_of_earlier_versions() =>
        Hex(RequestFingerprint.Of(new NewDeployment
        {
            ConfigId = "c",
            ServerId = "s",
            Action = "UPDATE",
            InputValues = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(
                """{"b":1e2,"a":{"x":[null,true,"\u00e9<&+\u0027😀"]},"é":""}"""),
            Status = "FAILED",
            StatusReason = "größer > \"1\" 😀 \u2028",
            StackUserProjectId = "p",
            Timeout = 60,
        })).ShouldBe("8acbd7e24c58585e8f05c046f0bc00cde62717804603e5220a39303b599736b8");

    [Test]
    public void Fingerprint_of_a_batch_is_that_of_earlier_versions() =>
        Hex(RequestFingerprint.Of(
        [
            new NewDeployment { ConfigId = "c", ServerId = "s" },
            new NewDeployment { ConfigId = "d", ServerId = "t", InputValues = new Dictionary<string, JsonElement>(), Timeout = 1 },
        ])).ShouldBe("781da35852ed8c92377b5d74ea27fc2284840b31bf05f7b6e8e2eb1999ae74d7");

    private static string Hex(byte[] hash) => Convert.ToHexStringLower(hash);
}
