namespace Deployments.Infrastructure.BackgroundJobs;

/// <summary>Performs a duty at once, and then at an interval until the service stops.</summary>
internal static class PeriodicJob
{
    /// <param name="interval">The time from one start of the duty to the next; a duty that takes longer delays it.</param>
    /// <param name="clock">The clock of the interval.</param>
    /// <param name="duty">What to do; it handles its failures while the service runs. Its token fires when the service stops.</param>
    /// <param name="stoppingToken">Fires when the service stops.</param>
    public static async Task RunAsync(
        TimeSpan interval, TimeProvider clock, Func<CancellationToken, Task> duty, CancellationToken stoppingToken)
    {
        // Disposing the timer ends the loop without an exception, which the host would log as a failure.
        using var timer = new PeriodicTimer(interval, clock);
        await using var end = stoppingToken.Register(timer.Dispose);
        do
        {
            try
            {
                await duty(stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return; // a host that did not start would log it as a failure
            }
        }
        while (await timer.WaitForNextTickAsync(CancellationToken.None));
    }
}
