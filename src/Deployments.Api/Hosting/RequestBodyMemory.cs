using Deployments.Api.Errors;
using Deployments.Api.Mvc;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Deployments.Api.Hosting;

/// <summary>
/// Bounds the memory of large bodies, in all and for each project. Memory is reserved from a body's arrival until its response has been
/// sent, up to the length of eight of the largest bodies; no project can reserve more than it leaves free. Processing, which takes many
/// times a body's own length, is limited to the length of one of the largest bodies at a time, round robin between projects.
/// </summary>
/// <remarks>
/// Processing ends when the response starts: if it lasted as long as the response, one slow client would keep all others waiting. The
/// memory of such a response stays reserved, and its client must read at a minimum rate.
/// </remarks>
internal sealed class RequestBodyMemory(long largest)
{
    private const int MaxReservedBodies = 8;

    // A body of 16 MiB has been read within five minutes.
    private static readonly MinDataRate MinResponseDataRate = new(bytesPerSecond: 64 * 1024, gracePeriod: TimeSpan.FromSeconds(5));

    private readonly ProjectShares reserved = new(largest * MaxReservedBodies);
    private readonly ProjectTurns processing = new(largest);

    /// <summary>Reserves memory for more of a body, until the response has been sent.</summary>
    /// <exception cref="HttpErrorException">The project's share is used up: 503.</exception>
    public void Reserve(HttpContext context, int bytes)
    {
        var project = ProjectOf(context);
        if (!reserved.TryTake(project, bytes))
        {
            throw new HttpErrorException(StatusCodes.Status503ServiceUnavailable, "Too many large bodies are being sent. Try again.");
        }

        context.Response.OnCompleted(() =>
        {
            reserved.Return(project, bytes);
            return Task.CompletedTask;
        });
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = MinResponseDataRate;
        }
    }

    /// <summary>Waits until a body may be processed; its processing ends when the response starts.</summary>
    public async Task EnterAsync(HttpContext context, int bytes)
    {
        var turn = await processing.EnterAsync(ProjectOf(context), bytes, context.RequestAborted);
        context.Response.OnStarting(End);
        context.Response.OnCompleted(End); // if it never starts

        Task End()
        {
            turn.Dispose();
            return Task.CompletedTask;
        }
    }

    private static string ProjectOf(HttpContext context) =>
        (context.GetRouteValue(Routes.ProjectId) ?? context.GetRouteValue(AgentRoutes.Project)) as string ?? string.Empty;
}
