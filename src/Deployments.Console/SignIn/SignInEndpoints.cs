using System.Net;
using System.Text;
using Deployments.Client;
using Deployments.WebConsole.Pages;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Deployments.WebConsole.SignIn;

/// <summary>Signing in with a token, or with a code of the service's banner, and signing out.</summary>
internal static class SignInEndpoints
{
    private const string ReturnParameter = "return";
    private const string CodeParameter = "code";
    private const int MaxProjectLength = 64;

    // With its encryption it is a third longer, and a browser sends it with each request, in at most 32 KiB of headers.
    private const int MaxKeptBytes = 18 * 1024;

    private static readonly Uri SomeSite = new("http://localhost");

    public static void Configure(CookieAuthenticationOptions options)
    {
        options.Cookie = new ConsoleCookie(ConsoleCookie.SignIn);
        options.SlidingExpiration = false; // the token does not last longer by being used
        options.Events.OnRedirectToLogin = context =>
        {
            if (context.HttpContext.GetEndpoint()?.Metadata.GetMetadata<ForScripts>() is null)
            {
                context.Response.Redirect(PathWithReturn(context.HttpContext));
            }
            else
            {
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            }

            return Task.CompletedTask;
        };
    }

    public static void MapSignIn(this IEndpointRouteBuilder console)
    {
        console.MapGet("sign-in", ShowAsync);
        console.MapPost("sign-in", SubmitAsync);
    }

    public static void MapSignOut(this IEndpointRouteBuilder console) => console.MapPost("sign-out", async (HttpContext http) =>
    {
        await http.SignOutAsync(ConsoleCookie.SignIn);
        return Results.LocalRedirect(http.ConsolePath("sign-in"));
    });

    /// <summary>The path of the page that signs in and then returns to this request's page; to the first page if this request is no page.</summary>
    public static string PathWithReturn(HttpContext http)
    {
        var request = http.Request;
        var isPage = HttpMethods.IsGet(request.Method) && request.Path != ConsoleSetup.Path;
        return http.ConsolePath("sign-in") + (isPage ? QueryString.Create(ReturnParameter, $"{request.PathBase}{request.Path}{request.QueryString}") : QueryString.Empty);
    }

    private static async Task<IResult> ShowAsync(HttpContext http, SignInCodes codes, ServiceClients clients)
    {
        var returnTo = http.Request.Query[ReturnParameter].ToString();
        if (http.Request.Query[CodeParameter].ToString() is not { Length: > 0 } code)
        {
            return Page.Show<SignInPage>(new SignInPage.Content(returnTo, Problem: null));
        }

        return codes.Use(code) is { } token
            ? await SignInAsync(http, clients, token, project: string.Empty, returnTo)
            : Page.Show<SignInPage>(
                new SignInPage.Content(returnTo, "This link was used already, or is older than five minutes. Paste a token instead."), HttpStatusCode.BadRequest);
    }

    private static async Task<IResult> SubmitAsync(HttpContext http, ServiceClients clients)
    {
        var form = await http.Request.ReadFormAsync(http.RequestAborted);
        return await SignInAsync(http, clients, form["token"].ToString().Trim(), form["project"].ToString().Trim(), form[ReturnParameter].ToString());
    }

    private static async Task<IResult> SignInAsync(HttpContext http, ServiceClients clients, string token, string project, string returnTo)
    {
        if (token.Any(character => character is <= ' ' or > '~') || TokenClaims.Read(token) is not { } claims)
        {
            return Refuse("This is not a JSON Web Token: three parts with dots between them, and an expiry time inside.");
        }

        if (token.Length + Encoding.UTF8.GetByteCount(claims.Subject) > MaxKeptBytes)
        {
            return Refuse("The token is too long: it cannot be kept in a cookie.");
        }

        if ((project.Length > 0 ? project : claims.Project) is not { Length: <= MaxProjectLength } shown)
        {
            return Refuse($"The token names no project: enter one, of at most {MaxProjectLength} characters.");
        }

        try
        {
            await clients.Create(token, http.TraceIdentifier).ListServersAsync(shown, limit: 1, cancellationToken: http.RequestAborted);
        }
        catch (DeploymentsException exception) when (exception.StatusCode < StatusCodes.Status500InternalServerError)
        {
            return Refuse(PageFilter.Explain(exception));
        }
        catch (ArgumentException)
        {
            return Refuse("A project cannot have this name.");
        }

        var visitor = new Visitor(token, shown, claims.Subject, claims.Expires);
        await http.SignInAsync(ConsoleCookie.SignIn, visitor.ToPrincipal(), new AuthenticationProperties { ExpiresUtc = visitor.Expires });
        return Results.LocalRedirect(IsOwn(http, returnTo) ? returnTo : http.ConsolePath("servers"));

        IResult Refuse(string problem) => Page.Show<SignInPage>(new SignInPage.Content(returnTo, problem), HttpStatusCode.BadRequest);
    }

    // Never to another site, nor out of the console, whatever dots, slashes and backslashes mean to a browser.
    private static bool IsOwn(HttpContext http, string path) =>
        Uri.TryCreate(SomeSite, path, out var address)
        && address.GetLeftPart(UriPartial.Authority) == SomeSite.GetLeftPart(UriPartial.Authority)
        && address.AbsolutePath.StartsWith(http.ConsolePath(string.Empty), StringComparison.Ordinal)
        && address.PathAndQuery == path;
}
