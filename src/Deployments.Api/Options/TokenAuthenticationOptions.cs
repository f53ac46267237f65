using Deployments.Api.Authentication.KeySources;
using Deployments.Api.Authorization;

namespace Deployments.Api.Options;

/// <summary>The settings under <c>Authentication</c>. The framework reads more of them, <see cref="DiscoveryOptions"/>.</summary>
internal sealed class TokenAuthenticationOptions
{
    public const string Section = "Authentication";
    public const string BearerSection = $"{Section}:{nameof(Schemes)}:{nameof(SchemesOptions.Bearer)}";

    /// <summary>The claim that names a token's project.</summary>
    public string ProjectClaim { get; init; } = TrustedIssuerConfiguration.ProjectClaim;

    /// <summary>The role of a token without roles; empty: none.</summary>
    public string DefaultRole { get; init; } = ProjectAuthorizationHandler.Member;

    /// <summary>The folder of public keys.</summary>
    public string? PublicKeys { get; init; }

    public KeystoneOptions Keystone { get; init; } = new();

    public SchemesOptions Schemes { get; init; } = new();

    public static TokenAuthenticationOptions Read(IConfiguration configuration) =>
        configuration.GetSection(Section).Get<TokenAuthenticationOptions>() ?? new TokenAuthenticationOptions();
}

/// <summary>The tokens of OpenStack Keystone.</summary>
internal sealed class KeystoneOptions
{
    public string ProjectClaim { get; init; } = "openstack_project_id";

    /// <summary>The folder of Keystone's public keys.</summary>
    public string? PublicKeys { get; init; }
}

/// <summary>The schemes of ASP.NET Core's authentication; there is one.</summary>
internal sealed class SchemesOptions
{
    public BearerOptions Bearer { get; init; } = new();
}

/// <summary>The tokens of other issuers.</summary>
internal sealed class BearerOptions
{
    /// <summary>An OpenID Connect issuer.</summary>
    public string? Authority { get; init; }

    public string? ValidIssuer { get; init; }

    public IReadOnlyList<string> ValidIssuers { get; init; } = [];

    public string? ValidAudience { get; init; }

    public IReadOnlyList<string> ValidAudiences { get; init; } = [];

    /// <summary>The secrets, by their numbers.</summary>
    public IReadOnlyDictionary<string, SigningKeyOptions> SigningKeys { get; init; } = new Dictionary<string, SigningKeyOptions>();
}

/// <summary>A secret, in base64, and the one issuer whose tokens it signs; null: every valid one.</summary>
internal sealed class SigningKeyOptions
{
    public string? Value { get; init; }

    public string? Issuer { get; init; }
}

/// <summary>What else has an effect in the section of <see cref="BearerOptions"/>: the framework reads it.</summary>
internal sealed class DiscoveryOptions
{
    public string? MetadataAddress { get; init; }

    public bool RequireHttpsMetadata { get; init; }

    public bool RefreshOnIssuerKeyNotFound { get; init; }

    /// <summary>What <c>dotnet user-jwts</c> writes beside each secret.</summary>
    public IReadOnlyDictionary<string, UserJwtsKeyOptions> SigningKeys { get; init; } = new Dictionary<string, UserJwtsKeyOptions>();
}

/// <summary>What <c>dotnet user-jwts</c> writes beside a secret, and the service does not use.</summary>
internal sealed class UserJwtsKeyOptions
{
    public string? Id { get; init; }

    public string? Length { get; init; }
}
