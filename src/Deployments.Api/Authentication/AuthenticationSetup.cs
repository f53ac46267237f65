using Deployments.Api.Authentication.Jwt;
using Deployments.Api.Authentication.KeySources;
using Deployments.Api.Authentication.SignedAddress;
using Deployments.Api.Authorization;
using Deployments.Api.Errors;
using Deployments.Api.Options;
using Deployments.Application.Common;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace Deployments.Api.Authentication;

/// <summary>Authenticates callers by their tokens, and agents by their addresses.</summary>
internal static class AuthenticationSetup
{
    private static readonly SecurityTokenValidationException TwoTokens = new("The request has two different tokens.");

    // The shortest interval that discovery allows. A key that the identity service has withdrawn is accepted at most this long.
    private static readonly TimeSpan DiscoveryInterval = TimeSpan.FromMinutes(5);

    // How soon discovery may look again for a new key that a token refers to.
    private static readonly TimeSpan NewKeyInterval = TimeSpan.FromSeconds(30);

    public static void AddTokenAuthentication(
        this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        services.AddSingleton(provider =>
        {
            var settings = TokenAuthenticationOptions.Read(configuration);
            var clock = provider.GetRequiredService<TimeProvider>();
            return new JwtValidator(
                TrustedIssuerConfiguration.Read(settings, environment.IsDevelopment(), clock, provider.GetRequiredService<ILogger<PublicKeyFolder>>()),
                TrustedIssuerConfiguration.ForAuthority(settings, clock),
                settings.DefaultRole,
                provider.GetRequiredService<IOptions<TimeBudgets>>().Value,
                provider.GetRequiredService<ILogger<JwtValidator>>());
        });
        services.AddSingleton<TokenCache>();
        services.AddSingleton<TokenVerification>();
        services.AddOptions<DiscoveryOptions>().BindConfiguration(TokenAuthenticationOptions.BearerSection).ValidateOnStart(); // the framework names no setting
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer();
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme).Configure<TokenCache, IOptions<TimeBudgets>>((options, cache, budgets) =>
        {
            options.MapInboundClaims = false;
            options.SaveToken = false; // nothing forwards it
            options.TokenValidationParameters = new TokenValidationParameters(); // copied for each request; each issuer has its own
            options.AutomaticRefreshInterval = DiscoveryInterval;
            options.RefreshInterval = NewKeyInterval;
            options.BackchannelTimeout = budgets.Value.Discovery;
            options.TokenHandlers.Clear();
            options.TokenHandlers.Add(cache);
            options.Events = new JwtBearerEvents { OnMessageReceived = ReadToken, OnChallenge = ChallengeAsync };
        });
        services.PostConfigure<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme, options =>
        {
            // Do not fall back to last-known-good keys: withdrawn keys would keep working for an hour.
            if (options.ConfigurationManager is BaseConfigurationManager discovery)
            {
                discovery.UseLastKnownGoodConfiguration = false;
            }
        });
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<ServiceOptions>>().Value.AgentKeys is { Count: > 0 } configured
            ? new AgentKeys([.. configured.Select(Convert.FromBase64String)])
            : new AgentKeys(environment.IsDevelopment() ? [AgentKeys.DevelopmentKey] : []));
        services.Configure<AuthenticationOptions>(options => options.AddScheme<SignedAddressScheme>(SignedAddressScheme.Name, displayName: null));
        services.AddAuthorization(options =>
        {
            ProjectAuthorizationHandler.AddPolicies(options);
            SignedAddressScheme.AddPolicies(options);
        });
        services.AddSingleton<IAuthorizationHandler, ProjectAuthorizationHandler>();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, ForbiddenResponse>();
    }

    /// <summary>Reads the keys at start rather than with the first token, so that an unusable key is a refusal to start.</summary>
    public static void LoadSigningKeys(this IServiceProvider services) => services.GetRequiredService<TokenCache>();

    private static Task ReadToken(MessageReceivedContext context)
    {
        var (token, differ) = RequestToken.Read(context.Request);
        if (differ)
        {
            context.Fail(TwoTokens);
        }
        else if (token is null)
        {
            context.NoResult();
        }
        else
        {
            context.Token = token;
        }

        return Task.CompletedTask;
    }

    private static Task ChallengeAsync(JwtBearerChallengeContext context)
    {
        context.HandleResponse();
        var writer = context.HttpContext.RequestServices.GetRequiredService<ErrorWriter>();
        if (context.AuthenticateFailure is AuthorityUnavailableException)
        {
            return writer.WriteAsync(
                context.HttpContext,
                StatusCodes.Status503ServiceUnavailable,
                "The identity service, which has the key of this token, cannot be reached. Try again.");
        }

        var reason = context.AuthenticateFailure switch
        {
            null => "A token is required, in Authorization: Bearer or in X-Auth-Token.",
            SecurityTokenExpiredException => "The token has expired.",
            SecurityTokenNotYetValidException => "The token is not valid yet.",
            SecurityTokenInvalidLifetimeException => "The token expires before it becomes valid.",
            SecurityTokenNoExpirationException => "The token has no expiry time.",
            SecurityTokenInvalidAudienceException => "The token is for another audience.",
            SecurityTokenInvalidIssuerException => "The token's issuer is not trusted.",
            SecurityTokenMalformedException => "The token is not a JSON Web Token.",
            { } differ when ReferenceEquals(differ, TwoTokens) => TwoTokens.Message,
            SecurityTokenInvalidAlgorithmException => "The token's algorithm is not accepted.",
            CriticalExtensionException => "The token has a crit header; no extension is supported.",
            _ => "The token's signature does not verify.",
        };
        context.Response.Headers.WWWAuthenticate = context.AuthenticateFailure is null
            ? "Bearer realm=\"deployments\""
            : $"Bearer realm=\"deployments\", error=\"invalid_token\", error_description=\"{reason}\"";
        return writer.WriteAsync(context.HttpContext, StatusCodes.Status401Unauthorized, reason);
    }
}
