using Deployments.Api.Options;
using Microsoft.Extensions.Configuration;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

public class KnownSettingsTests
{
    [TestCase("Deployments:MaxBodyBytes")]
    [TestCase("deployments:maxbodybytes")]
    [TestCase("Deployments:Proxies:0")]
    [TestCase("Deployments:RateLimit:PerSecond")]
    [TestCase("Deployments:AgentRateLimit:PerSecond")]
    [TestCase("Deployments:AgentKeys:1")]
    [TestCase("Authentication:Schemes:Bearer:SigningKeys:0:Value")]
    [TestCase("Authentication:Schemes:Bearer:SigningKeys:1:Issuer")]
    [TestCase("Authentication:Schemes:Bearer:SigningKeys:0:Id")]
    [TestCase("Authentication:Schemes:Bearer:SigningKeys:0:Length")]
    [TestCase("Authentication:Schemes:Bearer:ValidAudiences:1")]
    [TestCase("Authentication:Schemes:Bearer:RequireHttpsMetadata")]
    [TestCase("Authentication:Schemes:Bearer:MetadataAddress")]
    [TestCase("Other:Anything")]
    public void Setting_that_is_read_is_known(string name) => FindUnknown(name).ShouldBeEmpty();

    [TestCase("Deployments:MaxBodyByte", "Deployments:MaxBodyBytes")]
    [TestCase("Deployments:MaxBodyBytes:0", "Deployments:MaxBodyBytes")]
    [TestCase("Deployments:RateLimit:PerSec", "Deployments:RateLimit:PerSecond")]
    [TestCase("Deployments:KnownProxies:0", "Deployments:Proxies:0")]
    [TestCase("Deployments:Proxies:0:Address", "Deployments:Proxies:0")]
    [TestCase("Authentication:Schemes:Bearer:Audience", "Authentication:Schemes:Bearer:ValidAudience")]
    [TestCase("Authentication:Schemes:Bearer:SaveToken", "Authentication:Schemes:Bearer:Authority")]
    [TestCase("Authentication:Schemes:Bearer:SigningKeys:0:Isuer", "Authentication:Schemes:Bearer:SigningKeys:0:Issuer")]
    [TestCase("Deployments:LargestBodyBytes", "Deployments:MaxBodyBytes")]
    [TestCase("Authentication:KeyStone:PublicKey", "Authentication:Keystone:PublicKeys")]
    [TestCase("Authentication:Bearer:Authority", "Authentication:Schemes:Bearer:Authority")]
    public void Setting_that_is_not_read_is_unknown_and_has_a_nearest(string name, string nearest) =>
        FindUnknown(name).ShouldBe([(name, nearest)]);

    private static IEnumerable<(string Name, string Nearest)> FindUnknown(string name) =>
        new KnownSettings(
                (ServiceOptions.Section, typeof(ServiceOptions)),
                (TokenAuthenticationOptions.Section, typeof(TokenAuthenticationOptions)),
                (TokenAuthenticationOptions.BearerSection, typeof(DiscoveryOptions)))
            .FindUnknown(new ConfigurationBuilder().AddInMemoryCollection([new(name, "a value")]).Build());
}
