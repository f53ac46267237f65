using Deployments.Api.Authentication.KeySources;
using Deployments.Api.Mvc;
using Deployments.Application.Common;
using Microsoft.AspNetCore.Authorization;

namespace Deployments.Api.Authorization;

/// <summary>A token may act in its own project, within its roles; an admin in every project.</summary>
internal sealed class ProjectAuthorizationHandler : AuthorizationHandler<ProjectAuthorizationHandler.Requirement>
{
    /// <summary>The policy of every GET except metadata.</summary>
    public const string Read = nameof(Read);

    /// <summary>The policy of everything that creates, changes or deletes.</summary>
    public const string Write = nameof(Write);

    /// <summary>The policy of a server's metadata, which agents read.</summary>
    public const string ReadMetadata = nameof(ReadMetadata);

    public const string Member = "member";

    private const string Agent = "heat_stack_user";
    private const string Admin = "admin";
    private const string Reader = "reader";

    /// <summary>The roles that a token may have; any other allows nothing.</summary>
    public static IReadOnlyList<string> Roles { get; } = [Reader, Member, Admin, Agent];

    public static void AddPolicies(AuthorizationOptions options)
    {
        var signedIn = new AuthorizationPolicyBuilder().RequireAuthenticatedUser();

        // Endpoints without a policy require a token, and so do paths that do not exist.
        options.FallbackPolicy = signedIn.Build();
        options.AddPolicy(Read, policy => policy.Combine(options.FallbackPolicy).AddRequirements(new Requirement(Reader, Member)));
        options.AddPolicy(
            ReadMetadata, policy => policy.Combine(options.FallbackPolicy).AddRequirements(new Requirement(Reader, Member, Agent)));
        options.AddPolicy(Write, policy => policy.Combine(options.FallbackPolicy).AddRequirements(new Requirement(Member)));
    }

    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, Requirement requirement)
    {
        if (FindRefusal(context, requirement) is { } refusal)
        {
            context.Fail(new AuthorizationFailureReason(this, refusal));
        }
        else
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }

    private static string? FindRefusal(AuthorizationHandlerContext context, Requirement requirement)
    {
        var caller = context.User;
        if (caller.IsInRole(Admin))
        {
            return null;
        }

        var project = (context.Resource as HttpContext)?.GetRouteValue(Routes.ProjectId) as string;
        if (caller.FindFirst(TrustedIssuerConfiguration.ProjectClaim)?.Value is not { } own)
        {
            return "The token names no project.";
        }

        if (own != project)
        {
            return $"The token is for project \"{own.Truncate()}\", not for \"{project}\".";
        }

        if (requirement.Roles.Any(caller.IsInRole))
        {
            return null;
        }

        var needed = string.Join(" or ", requirement.Roles);
        return caller.FindAll(TrustedIssuerConfiguration.RolesClaim).Select(role => role.Value).ToList() switch
        {
            [] => $"The token has no role: {needed} is required.",
            [var role] => $"The token's role {role.Truncate()} does not allow this: {needed} is required.",
            var roles => $"The token's roles {string.Join(", ", roles).Truncate()} do not allow this: {needed} is required.",
        };
    }

    /// <param name="roles">The allowed roles; a caller needs one of them.</param>
    internal sealed class Requirement(params string[] roles) : IAuthorizationRequirement
    {
        public IReadOnlyList<string> Roles { get; } = roles;
    }
}
