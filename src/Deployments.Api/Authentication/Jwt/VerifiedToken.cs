using Microsoft.IdentityModel.Tokens;

namespace Deployments.Api.Authentication.Jwt;

/// <summary>When a verified token is valid. The parsed token is not kept with it: the cache has thousands, and a parsed one takes kilobytes.</summary>
internal sealed class VerifiedToken(DateTime validFrom, DateTime validTo) : SecurityToken
{
    public override DateTime ValidFrom => validFrom;

    public override DateTime ValidTo => validTo;

    public override string Id => string.Empty;

    public override string Issuer => string.Empty;

    public override SecurityKey? SecurityKey => null;

    public override SecurityKey? SigningKey { get; set; }
}
