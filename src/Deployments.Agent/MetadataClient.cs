using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Deployments.Agent;

/// <summary>
/// Asks the service what to apply, at most once a second, and less often while it does not respond.
/// </summary>
internal sealed class MetadataClient(HttpClient http, MetadataAddress address, ServiceClock serviceClock, TimeProvider clock, Action<string> log)
{
    // Proxies give up after a minute.
    private const int WaitSeconds = 50;

    private const int FailuresBeforeSwitch = 3;

    private static readonly TimeSpan MinInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxSpread = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan HeldResponseTimeout = TimeSpan.FromSeconds(WaitSeconds + 15);

    private readonly RetryDelay retryDelay = new();
    private long intervalStart;
    private int failures;
    private TimeSpan interval;
    private string? entityTag;
    private string? failure;

    /// <summary>Whether the service did not say what to apply when it was asked last.</summary>
    public bool IsFailing => failure is not null;

    /// <summary>Whether it may ask now.</summary>
    public bool IsDue => Remaining <= TimeSpan.Zero;

    private TimeSpan Remaining => interval - clock.GetElapsedTime(intervalStart);

    /// <summary>Asks as soon as it may.</summary>
    /// <param name="wait">Whether the service is to respond only once there is something else to apply.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What to apply; null if that has not changed, or the service does not say.</returns>
    public async Task<AgentDocument?> ReadAsync(bool wait, CancellationToken cancellationToken)
    {
        if (!IsDue)
        {
            await Task.Delay(Remaining, clock, cancellationToken);
        }

        Pause(MinInterval);
        var isHeld = wait && entityTag is not null;
        var timeout = isHeld ? HeldResponseTimeout : ResponseTimeout;
        using var timeoutSource = new CancellationTokenSource(timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeoutSource.Token);
        try
        {
            using var request = CreateRequest(isHeld);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return await ReadAsync(response, isHeld, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Fail($"it did not respond within {timeout.TotalSeconds:0} s");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            Fail(exception.GetBaseException().Message);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Fail($"its response cannot be read ({exception.GetType().Name})");
        }

        return null;
    }

    private async Task<AgentDocument?> ReadAsync(HttpResponseMessage response, bool isHeld, CancellationToken cancellationToken)
    {
        switch (response.StatusCode)
        {
            case HttpStatusCode.OK:
                serviceClock.Set(response);
                break;
            case HttpStatusCode.NotModified:
                serviceClock.Set(response);
                Recover();
                if (isHeld && clock.GetElapsedTime(intervalStart) < TimeSpan.FromSeconds(WaitSeconds - 1))
                {
                    Pause(MinInterval + (Random.Shared.NextDouble() * MaxSpread)); // the service stops, and all its agents come back
                }

                return null;
            case HttpStatusCode.NotFound when address.Switch():
                failures = 0;
                Fail("its address does not exist any more; the other one is tried");
                return null;
            case HttpStatusCode.NotFound:
                Fail("the address does not exist: it was revoked, or is wrong");
                return null;
            default:
                Fail($"it responded {(int)response.StatusCode}", RetryAfter.Of(response));
                return null;
        }

        AgentDocument? document = null;
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            document = await JsonSerializer.DeserializeAsync(body, AgentJson.Default.AgentDocument, cancellationToken);
        }
        catch (JsonException)
        {
            // Its message may quote a value.
        }

        if (document is not { IsComplete: true })
        {
            Fail("the response is not an agent's document; check the address");
            return null;
        }

        Recover();
        entityTag = response.Headers.ETag?.ToString();
        address.Follow(document.OsCollectConfig?.Request?.MetadataUrl);
        return document;
    }

    private HttpRequestMessage CreateRequest(bool isHeld)
    {
        var target = address.Current;
        if (isHeld)
        {
            var query = target.Query.Length > 1 ? $"{target.Query}&" : "?";
            target = new Uri(string.Create(CultureInfo.InvariantCulture, $"{target.GetLeftPart(UriPartial.Path)}{query}wait={WaitSeconds}"));
        }

        var request = new HttpRequestMessage(HttpMethod.Get, target);
        request.Headers.Accept.ParseAdd("application/json");
        if (entityTag is not null)
        {
            request.Headers.TryAddWithoutValidation("If-None-Match", entityTag);
        }

        return request;
    }

    private void Pause(TimeSpan time) => (intervalStart, interval) = (clock.GetTimestamp(), time);

    private void Fail(string reason, TimeSpan? retryAfter = null)
    {
        var pause = retryDelay.Next(retryAfter);
        Pause(pause > MinInterval ? pause : MinInterval);
        if (++failures % FailuresBeforeSwitch == 0)
        {
            address.Switch(); // a stored address may have become one that cannot be reached
        }

        if (failure != reason)
        {
            failure = reason; // once, not at each attempt
            log($"The service does not say what to apply: {reason}.");
        }
    }

    private void Recover()
    {
        retryDelay.Reset();
        failures = 0;
        if (failure is not null)
        {
            failure = null;
            log("The service responds again.");
        }
    }
}
