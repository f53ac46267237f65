using System.Threading.RateLimiting;
using Deployments.Api.Errors;

namespace Deployments.Api.Hosting;

/// <summary>
/// Bounds what large bodies take together. What comes of one while it is worked on takes many times its own length, so they take turns;
/// and what waits for its turn, or for its rest from a slow client, may be no more than a few.
/// </summary>
internal sealed class RequestBodyMemory(long largest) : IDisposable
{
    private const int MaxBufferedBodies = 4;
    private const int Unit = 1024;

    private readonly ConcurrencyLimiter buffered = new(new() { PermitLimit = Units(largest) * MaxBufferedBodies, QueueLimit = 0 });
    private readonly ConcurrencyLimiter processing = new(new() { PermitLimit = Units(largest), QueueLimit = int.MaxValue });

    /// <summary>Room for so many more bytes of a body, until it is disposed.</summary>
    /// <exception cref="HttpErrorException">There is none; the request is answered 503.</exception>
    public IDisposable Reserve(int bytes) => buffered.AttemptAcquire(Units(bytes)) is { IsAcquired: true } room
        ? room
        : throw new HttpErrorException(StatusCodes.Status503ServiceUnavailable, "Too many large bodies are being sent. Try again.");

    /// <summary>Waits for the turn of a body, which ends where the answer begins.</summary>
    public async Task EnterAsync(HttpContext context, int bytes)
    {
        var turn = await processing.AcquireAsync(Math.Min(Units(bytes), Units(largest)), context.RequestAborted);
        context.Response.OnStarting(End);
        context.Response.OnCompleted(End); // should it never begin

        Task End()
        {
            turn.Dispose();
            return Task.CompletedTask;
        }
    }

    public void Dispose()
    {
        buffered.Dispose();
        processing.Dispose();
    }

    private static int Units(long bytes) => (int)((bytes + Unit - 1) / Unit);
}
