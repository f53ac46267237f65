using System.Diagnostics;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;

namespace Deployments.Client;

/// <summary>What takes more than one request: waiting for a deployment, following a project, reading a list to its end.</summary>
public static class DeploymentsClientExtensions
{
    private const string Now = "now";
    private const int PageSize = 1_000;

    // Shorter than the ten seconds that a standard resilience handler allows an attempt.
    private static readonly TimeSpan WaitTime = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan InitialRetryDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Waits until a deployment is no longer in progress. While the service cannot be reached, is overloaded or restarts, the request is
    /// retried, with growing delays, until the token is cancelled.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="projectId">The project that owns the deployment, or that it is shared with.</param>
    /// <param name="id">The deployment.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The deployment, whose status is COMPLETE or FAILED.</returns>
    /// <exception cref="DeploymentsException">
    /// The request cannot succeed: for example 404 if the deployment does not exist, or is deleted meanwhile, 401 if the bearer token is not
    /// valid.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<SoftwareDeployment> WaitForAsync(
        this IDeploymentsClient client, string projectId, Guid id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        while (true)
        {
            var started = Stopwatch.GetTimestamp();
            var read = await RetryAsync(
                () => client.GetSoftwareDeploymentAsync(projectId, id, WaitTime.Seconds, cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false);
            if (read.SoftwareDeployment.Status != DeploymentStatus.InProgress)
            {
                return read.SoftwareDeployment;
            }

            await PauseIfEarlyAsync(started, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Follows a project's change feed, page by page, without an end. <see cref="ChangeFeedEnvelope.Next"/> of a page is the cursor to store once
    /// its events are handled: a program that passes it as <paramref name="after"/> when it starts again skips nothing and sees nothing twice.
    /// Pages may be empty. While the service cannot be reached, is overloaded or restarts, the request is retried, with growing delays.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="projectId">The project.</param>
    /// <param name="after">A cursor, or <c>now</c>; null for the oldest event that is kept.</param>
    /// <param name="serverId">Only the events of this server.</param>
    /// <param name="configId">Only the events with this configuration.</param>
    /// <param name="deploymentId">Only the events of this deployment.</param>
    /// <param name="status">Only the events with this status.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="DeploymentsException">
    /// The request cannot succeed: for example 410 if events after the cursor are lost (then take the cursor of the first page from <c>now</c>,
    /// list the deployments, and follow from that cursor), 401 if the bearer token is not valid.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async IAsyncEnumerable<ChangeFeedEnvelope> WatchAsync(
        this IDeploymentsClient client,
        string projectId,
        string? after = null,
        string? serverId = null,
        string? configId = null,
        Guid? deploymentId = null,
        DeploymentStatus? status = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        while (true)
        {
            var (from, started) = (after, Stopwatch.GetTimestamp());

            // A request from now that failed would be retried from a later one: its cursor is fetched first, at once.
            int? wait = from == Now ? null : WaitTime.Seconds;
            var page = await RetryAsync(
                () => client.ListEventsAsync(projectId, from, PageSize, wait, order: null, serverId, configId, deploymentId, status, cancellationToken),
                cancellationToken).ConfigureAwait(false);
            yield return page;
            if (page.Events.Count == 0 && wait is not null)
            {
                await PauseIfEarlyAsync(started, cancellationToken).ConfigureAwait(false);
            }

            after = page.Next;
        }
    }

    /// <summary>
    /// Lists deployments to the end, page by page, oldest first. What is there from the beginning to the end comes once; what is created
    /// meanwhile may come too.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="projectId">The project.</param>
    /// <param name="serverId">Only those of this server.</param>
    /// <param name="configId">Only those with this configuration.</param>
    /// <param name="action">Only those with this action.</param>
    /// <param name="status">Only those with this status.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="DeploymentsException">A page could not be read.</exception>
    public static async IAsyncEnumerable<SoftwareDeployment> ListAllAsync(
        this IDeploymentsClient client,
        string projectId,
        string? serverId = null,
        string? configId = null,
        string? action = null,
        DeploymentStatus? status = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        Guid? marker = null;
        while (true)
        {
            var page = await client.ListSoftwareDeploymentsAsync(
                projectId, serverId, configId, action, status, PageSize, marker, sortDir: null, cancellationToken).ConfigureAwait(false);
            foreach (var deployment in page.SoftwareDeployments)
            {
                yield return deployment;
            }

            if (page.SoftwareDeploymentsLinks is null || page.SoftwareDeployments.Count == 0)
            {
                yield break;
            }

            marker = page.SoftwareDeployments[^1].Id;
        }
    }

    // A service that stops responds early to all that wait: they do not come back all at once, nor without a pause.
    private static async Task PauseIfEarlyAsync(long started, CancellationToken cancellationToken)
    {
        if (Stopwatch.GetElapsedTime(started) < WaitTime - TimeSpan.FromSeconds(1))
        {
            await Task.Delay(WithJitter(InitialRetryDelay), cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<T> RetryAsync<T>(Func<Task<T>> send, CancellationToken cancellationToken)
    {
        for (var delay = InitialRetryDelay; ; delay = delay * 2 < MaxRetryDelay ? delay * 2 : MaxRetryDelay)
        {
            try
            {
                return await send().ConfigureAwait(false);
            }
            catch (Exception exception) when (IsTransient(exception))
            {
                // Throws at once if it is the caller who cancelled.
                await Task.Delay(RetryAfter(exception) + WithJitter(delay), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // From half of its length to the whole, so that clients that failed together are not back together.
    private static TimeSpan WithJitter(TimeSpan delay) => delay * (0.5 + (Random.Shared.NextDouble() / 2));

    private static bool IsTransient(Exception exception) => exception switch
    {
        DeploymentsException { StatusCode: 408 or 429 or >= 500 } => true,
        HttpRequestException or OperationCanceledException => true, // the latter when the HTTP client's time is up
        _ => exception.GetType().BaseType?.FullName == "Polly.ExecutionRejectedException", // a resilience handler's time-out or open circuit
    };

    private static TimeSpan RetryAfter(Exception exception)
    {
        if (exception is DeploymentsException { Headers: { } headers }
            && headers.TryGetValue("Retry-After", out var values)
            && RetryConditionHeaderValue.TryParse(values.FirstOrDefault(), out var condition)
            && (condition.Delta ?? condition.Date - DateTimeOffset.UtcNow) is { } delay
            && delay > TimeSpan.Zero)
        {
            return delay < MaxRetryAfter ? delay : MaxRetryAfter;
        }

        return TimeSpan.Zero;
    }
}
