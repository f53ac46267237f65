using System.Threading.RateLimiting;
using Deployments.Api.Errors;

namespace Deployments.Api.Hosting;

/// <summary>
/// Bounds the memory of large bodies: processing, which takes many times a body's own length, is limited to the length of one of the largest at
/// a time, buffering to that of four.
/// </summary>
internal sealed class RequestBodyMemory(long largest) : IDisposable
{
    private const int MaxBufferedBodies = 4;
    private const int Unit = 1024;

    private readonly ConcurrencyLimiter buffered = new(new() { PermitLimit = Units(largest) * MaxBufferedBodies, QueueLimit = 0 });
    private readonly ConcurrencyLimiter processing = new(new() { PermitLimit = Units(largest), QueueLimit = int.MaxValue });

    /// <summary>Reserves buffer memory until the reservation is disposed.</summary>
    /// <exception cref="HttpErrorException">There is none left: 503.</exception>
    public IDisposable Reserve(int bytes) => buffered.AttemptAcquire(Units(bytes)) is { IsAcquired: true } reservation
        ? reservation
        : throw new HttpErrorException(StatusCodes.Status503ServiceUnavailable, "Too many large bodies are being sent. Try again.");

    /// <summary>Waits until a body may be processed; its processing ends when the response starts.</summary>
    public async Task EnterAsync(HttpContext context, int bytes)
    {
        var lease = await processing.AcquireAsync(Math.Min(Units(bytes), Units(largest)), context.RequestAborted);
        context.Response.OnStarting(End);
        context.Response.OnCompleted(End); // if it never starts

        Task End()
        {
            lease.Dispose();
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
