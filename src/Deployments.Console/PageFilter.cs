using System.Net;
using Deployments.Client;
using Deployments.WebConsole.SignIn;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Deployments.WebConsole;

/// <summary>What holds for every page: its content policy, the token of each form, and what an error of the API becomes.</summary>
internal sealed class PageFilter(IAntiforgery antiforgery) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        ContentPolicy.Apply(http);
        try
        {
            if (HttpMethods.IsPost(http.Request.Method) && !await IsOwnFormAsync(http))
            {
                return Page.Error(HttpStatusCode.BadRequest, "The form is not one of this page, or is too old. Go back, reload the page and send it again.");
            }

            var response = await next(context);
            return http.Response.StatusCode == StatusCodes.Status400BadRequest // a part of the address is not of its type
                ? Page.Error(HttpStatusCode.BadRequest, "There is no page with such an address.")
                : response;
        }
        catch (BadHttpRequestException exception)
        {
            return Page.Error((HttpStatusCode)exception.StatusCode, "The form is too large, or did not arrive.");
        }
        catch (Exception exception) when (exception is InvalidDataException or NotSupportedException)
        {
            return Page.Error(HttpStatusCode.BadRequest, "The form cannot be read: a value is too long, or has a character that a form cannot have.");
        }
        catch (ArgumentException exception) when (exception is not (ArgumentNullException or ArgumentOutOfRangeException))
        {
            return Page.Error(HttpStatusCode.BadRequest, "The form, or the address of the page, has a value that cannot be sent to the service.");
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
            if (exception.Headers.TryGetValue(HeaderNames.RetryAfter, out var wait))
            {
                http.Response.Headers.RetryAfter = wait.ToArray();
            }

            return Page.Error((HttpStatusCode)exception.StatusCode, Explain(exception));
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is OperationCanceledException && !http.RequestAborted.IsCancellationRequested))
        {
            return Page.Error(HttpStatusCode.ServiceUnavailable, "The service does not respond. Try again.");
        }
    }

    private async Task<bool> IsOwnFormAsync(HttpContext http)
    {
        if (!http.Request.HasFormContentType)
        {
            return false;
        }

        await http.Request.ReadFormAsync(http.RequestAborted); // what is no form is not to look like one of another page
        return await antiforgery.IsRequestValidAsync(http);
    }

    /// <summary>The reason of an error, as the API gives it; the server itself gives none for a request beyond its limits.</summary>
    public static string Explain(DeploymentsException exception) =>
        exception is DeploymentsException<Error> { Result: { } error } ? error.Detail : $"The service does not accept this (status {exception.StatusCode}).";
}

/// <summary>Marks a response that the console's script reads, and no person.</summary>
internal sealed class ForScripts;
