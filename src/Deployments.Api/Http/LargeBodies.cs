using Deployments.Api.Errors;

namespace Deployments.Api.Http;

/// <summary>Bounds what large bodies that are being worked on take together: each counts with what has come of it, until it is answered.</summary>
internal sealed class LargeBodies(long mostBytes)
{
    private long held;

    /// <exception cref="HttpErrorException">There is no room; the request is answered 503.</exception>
    public void Hold(HttpContext context, int bytes)
    {
        if (Interlocked.Add(ref held, bytes) > mostBytes)
        {
            Interlocked.Add(ref held, -bytes);
            throw new HttpErrorException(StatusCodes.Status503ServiceUnavailable, "Too many large bodies are being worked on. Try again.");
        }

        context.Response.OnCompleted(() =>
        {
            Interlocked.Add(ref held, -bytes);
            return Task.CompletedTask;
        });
    }
}
