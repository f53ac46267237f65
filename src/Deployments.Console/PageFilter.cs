using System.Net;
using Deployments.Client;
using Deployments.WebConsole.SignIn;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace Deployments.WebConsole;

/// <summary>What holds for every page: its content policy, the token of each form, and what an error of the API becomes.</summary>
internal sealed class PageFilter(IAntiforgery antiforgery) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        ContentPolicy.Apply(http);
        if (HttpMethods.IsPost(http.Request.Method) && !await antiforgery.IsRequestValidAsync(http))
        {
            return Page.Error(HttpStatusCode.BadRequest, "The form is not one of this page, or is too old. Go back, reload the page and send it again.");
        }

        try
        {
            var response = await next(context);
            return http.Response.StatusCode == StatusCodes.Status400BadRequest // a part of the address is not of its type
                ? Page.Error(HttpStatusCode.BadRequest, "There is no page with such an address.")
                : response;
        }
        catch (DeploymentsException exception) when (exception.StatusCode == StatusCodes.Status401Unauthorized)
        {
            await http.SignOutAsync(ConsoleCookie.SignIn);
            return http.GetEndpoint()?.Metadata.GetMetadata<ForScripts>() is null
                ? Results.LocalRedirect(SignInEndpoints.PathWithReturn(http))
                : Results.StatusCode(StatusCodes.Status401Unauthorized);
        }
        catch (DeploymentsException exception)
        {
            return Page.Error((HttpStatusCode)exception.StatusCode, Explain(exception));
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is OperationCanceledException && !http.RequestAborted.IsCancellationRequested))
        {
            return Page.Error(HttpStatusCode.ServiceUnavailable, "The service does not respond. Try again.");
        }
    }

    /// <summary>The reason of an error, as the API gives it.</summary>
    public static string Explain(DeploymentsException exception) =>
        exception is DeploymentsException<Error> { Result: { } error } ? error.Detail : exception.Message;
}

/// <summary>Marks a response that the console's script reads, and no person.</summary>
internal sealed class ForScripts;
