using System.Security.Claims;
using Deployments.Api.Errors;
using Deployments.Api.Mvc;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;

namespace Deployments.Api.Authentication.SignedAddress;

/// <summary>
/// Authenticates whoever has a signed address, for what that address is for and nothing else. An address that does not verify does not
/// exist: 404, before anything is asked of the database.
/// </summary>
internal sealed class SignedAddressScheme(AgentKeys keys, ErrorWriter errors) : IAuthenticationHandler
{
    public const string Name = "SignedAddress";

    /// <summary>The policy of reading an agent's document.</summary>
    public const string ReadDocument = nameof(ReadDocument);

    /// <summary>The policy of reporting the outcome of a run.</summary>
    public const string SendSignal = nameof(SendSignal);

    private const string MayClaim = "may";

    private HttpContext context = null!;

    public static void AddPolicies(AuthorizationOptions options)
    {
        foreach (var policy in (string[])[ReadDocument, SendSignal])
        {
            options.AddPolicy(policy, needed => needed.AddAuthenticationSchemes(Name).RequireClaim(MayClaim, policy));
        }
    }

    public Task InitializeAsync(AuthenticationScheme scheme, HttpContext context)
    {
        this.context = context;
        return Task.CompletedTask;
    }

    public Task<AuthenticateResult> AuthenticateAsync()
    {
        if (FindPermission() is not { } permission)
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }

        var holder = new ClaimsPrincipal(new ClaimsIdentity([new Claim(MayClaim, permission)], Name));
        return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(holder, Name)));
    }

    public Task ChallengeAsync(AuthenticationProperties? properties) => errors.WriteAsync(context, StatusCodes.Status404NotFound);

    public Task ForbidAsync(AuthenticationProperties? properties) => ChallengeAsync(properties);

    /// <summary>What the address of the request is signed for; null if it is not signed.</summary>
    private string? FindPermission()
    {
        var (project, agent, mac) = (Value(AgentRoutes.Project), Value(AgentRoutes.AgentId), Value(AgentRoutes.Mac));
        return Value(AgentRoutes.DeploymentId) is { Length: > 0 } deployment
            ? keys.IsSignature(mac, AgentAddresses.ListSignalFields(project, agent, deployment, Value(AgentRoutes.Run))) ? SendSignal : null
            : keys.IsSignature(mac, AgentAddresses.ListDocumentFields(project, agent)) ? ReadDocument : null;
    }

    private string Value(string name) => context.GetRouteValue(name) as string ?? string.Empty;
}
