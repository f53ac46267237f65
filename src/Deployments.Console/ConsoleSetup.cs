using System.Net;
using Deployments.Client;
using Deployments.WebConsole.Pages;
using Deployments.WebConsole.SignIn;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Deployments.WebConsole;

/// <summary>Adds the console to the service that hosts it.</summary>
public static class ConsoleSetup
{
    /// <summary>Where the console is.</summary>
    public const string Path = "/console";

    /// <summary>
    /// Registers the console. It needs data protection whose keys all instances share, and authorization; it adds a cookie to the schemes of
    /// authentication, for its own pages alone.
    /// </summary>
    /// <param name="services">The services of the host.</param>
    /// <param name="findServiceAddress">Finds the address at which the service's HTTP API is called; called once the server listens.</param>
    public static IServiceCollection AddDeploymentsConsole(this IServiceCollection services, Func<IServiceProvider, Uri> findServiceAddress)
    {
        services.AddRazorComponents();
        services.AddHttpClient(ServiceClients.Name).RemoveAllLoggers().ConfigurePrimaryHttpMessageHandler(ServiceClients.CreateHandler);
        services.AddSingleton(provider => new ServiceClients(provider.GetRequiredService<IHttpClientFactory>(), () => findServiceAddress(provider)));
        services.AddSingleton<SignInCodes>();
        services.AddHttpContextAccessor();
        services.AddScoped<IDeploymentsClient>(provider =>
        {
            var request = provider.GetRequiredService<IHttpContextAccessor>().HttpContext!;
            return provider.GetRequiredService<ServiceClients>().Create(Visitor.Of(request).Token, request.TraceIdentifier);
        });
        services.Configure<AntiforgeryOptions>(options =>
        {
            options.Cookie = new ConsoleCookie($"{ConsoleCookie.SignIn}-form");
            options.SuppressXFrameOptionsHeader = true; // the content policy says it
        });
        services.AddAuthentication().AddCookie(ConsoleCookie.SignIn, SignInEndpoints.Configure);
        return services;
    }

    /// <summary>Maps the pages of the console under <see cref="Path"/>.</summary>
    /// <param name="endpoints">The routes of the host.</param>
    public static void MapDeploymentsConsole(this IEndpointRouteBuilder endpoints)
    {
        var open = endpoints.MapGroup(Path).AllowAnonymous().AddEndpointFilter<PageFilter>();
        open.MapAssets();
        open.MapSignIn();

        var signedIn = endpoints.MapGroup(Path).AddEndpointFilter<PageFilter>().RequireAuthorization(
            new AuthorizationPolicyBuilder(ConsoleCookie.SignIn).RequireAuthenticatedUser().Build());
        signedIn.MapSignOut();
        signedIn.MapServers();
        signedIn.MapServer();
        signedIn.MapDeployment();
        signedIn.MapNewDeployment();
        signedIn.MapConfigs();
        signedIn.MapActivity();
        signedIn.MapChanges();
        signedIn.MapGet("/", (HttpContext http) => Results.LocalRedirect(http.ConsolePath("servers")));
        signedIn.MapGet("{**path}", () => Page.Error(HttpStatusCode.NotFound, "This page does not exist."));
    }

    /// <summary>A link that signs in to the console, once and within five minutes.</summary>
    /// <param name="services">The services of the host.</param>
    /// <param name="token">The token with which it signs in.</param>
    /// <returns>The path and the query of the link.</returns>
    public static string CreateSignInLink(this IServiceProvider services, string token) =>
        $"{Path}/sign-in?code={services.GetRequiredService<SignInCodes>().Create(token)}";

    /// <summary>A path of the console, behind the prefix under which the service is reached.</summary>
    internal static string ConsolePath(this HttpContext context, string page) => $"{context.Request.PathBase}{Path}/{page}";
}
