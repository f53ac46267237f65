using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Deployments.Agent;

/// <summary>Reports outcomes to the service, each until the service has taken it or says that it never will.</summary>
internal sealed class OutcomeSender(HttpClient http, RunJournal journal, TimeProvider clock, Action<string> log, CancellationToken stopping)
    : IDisposable
{
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(30);

    // After an outage there may be many.
    private readonly SemaphoreSlim turns = new(4);
    private readonly List<Task> sending = [];

    /// <summary>Begins to report an outcome.</summary>
    /// <param name="run">The run.</param>
    /// <param name="isStored">Whether the journal has it; else it is stored as soon as that is possible.</param>
    public void Send(RunRecord run, bool isStored)
    {
        sending.RemoveAll(task => task.IsCompletedSuccessfully);
        sending.Add(SendUntilFinalAsync(run, isStored));
    }

    /// <summary>Waits until no outcome is being sent, or the time is up.</summary>
    public Task StopAsync(TimeSpan time) => Task.WhenAny(Task.WhenAll(sending), Task.Delay(time, clock, CancellationToken.None));

    public void Dispose() => turns.Dispose();

    private async Task SendUntilFinalAsync(RunRecord run, bool isStored)
    {
        var retryDelay = new RetryDelay();
        string? failure = null;
        while (true)
        {
            await turns.WaitAsync(CancellationToken.None);
            isStored = isStored || TryStore(run);
            (string? Failure, TimeSpan? RetryAfter) attempt;
            try
            {
                attempt = await SendOnceAsync(run);
            }
            finally
            {
                turns.Release();
            }

            if (attempt.Failure is null)
            {
                Complete(run.Id);
                return;
            }

            if (attempt.Failure != failure)
            {
                failure = attempt.Failure;
                log($"Run {run.Id}: its outcome is not reported yet, and will be sent again: {failure}.");
            }

            await Task.Delay(retryDelay.Next(attempt.RetryAfter), clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stopping.IsCancellationRequested)
            {
                _ = isStored || TryStore(run);
                return; // the next start sends it
            }
        }
    }

    /// <returns>Why it is to be sent again, if it is, and the pause that the service asks for.</returns>
    private async Task<(string? Failure, TimeSpan? RetryAfter)> SendOnceAsync(RunRecord run)
    {
        if (HttpAddress.TryParse(run.SignalUrl) is not { } target)
        {
            log($"Run {run.Id}: its outcome is not reported: deploy_signal_id is not an http or https URL.");
            return default;
        }

        using var timeout = new CancellationTokenSource(ResponseTimeout, clock);
        try
        {
            var method = run.SignalVerb == "POST" ? HttpMethod.Post : HttpMethod.Put;
            using var request = new HttpRequestMessage(method, target);
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(run.Body!));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token);
            if (request.Method != method)
            {
                return ("it was redirected to another address, by GET", null); // as after a 302: that response says nothing of the outcome
            }

            switch (response.StatusCode)
            {
                case HttpStatusCode.NoContent:
                case HttpStatusCode.Created: // of object storage, where the deployment names an address of its own
                    log($"Run {run.Id}: its outcome is reported.");
                    return default;
                case HttpStatusCode.BadRequest or HttpStatusCode.NotFound or HttpStatusCode.RequestEntityTooLarge:
                    log($"Run {run.Id}: its outcome is refused for good: {(int)response.StatusCode}.");
                    return default;
                default:
                    return ($"the service responded {(int)response.StatusCode}", RetryAfter.Of(response));
            }
        }
        catch (OperationCanceledException)
        {
            return ($"the service did not respond within {ResponseTimeout.TotalSeconds:0} s", null);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return (exception.GetBaseException().Message, null);
        }
        catch (Exception exception)
        {
            return ($"its response cannot be read ({exception.GetType().Name})", null);
        }
    }

    private bool TryStore(RunRecord run)
    {
        try
        {
            journal.End(run);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false; // logged at the first attempt
        }
    }

    private void Complete(Guid id)
    {
        try
        {
            journal.Complete(id);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            log($"Run {id}: that its outcome is reported cannot be stored, so it will be reported again: {exception.Message}");
        }
    }
}
