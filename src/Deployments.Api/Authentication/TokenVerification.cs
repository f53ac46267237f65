using Deployments.Api.Authentication.Jwt;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace Deployments.Api.Authentication;

/// <summary>Verifies the token of a long response again: it may have expired, or its key may have been withdrawn.</summary>
internal sealed class TokenVerification(TokenCache tokens, IOptionsMonitor<JwtBearerOptions> options, TimeProvider clock)
{
    public async Task<bool> IsValidAsync(HttpRequest request)
    {
        var settings = options.Get(JwtBearerDefaults.AuthenticationScheme);
        var parameters = settings.TokenValidationParameters.Clone();
        parameters.ConfigurationManager = settings.ConfigurationManager as BaseConfigurationManager;
        return RequestToken.Read(request).Token is { } token
            && await tokens.ValidateTokenAsync(token, parameters) is { IsValid: true } result
            && result.SecurityToken.ValidTo > clock.GetUtcNow().UtcDateTime; // clock skew is allowed only when the stream starts
    }
}
