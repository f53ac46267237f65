using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Deployments.Client;

/// <summary>What takes more than one request: waiting for a deployment, following a project, reading a list to its end.</summary>
public static class DeploymentsClientExtensions
{
    private const int PageSize = 1_000;

    // Shorter than the ten seconds that a standard resilience handler allows an attempt.
    private const int WaitSeconds = 8;

    private const int MaxPauseDoublings = 5;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Waits until a deployment is no longer in progress. A service that cannot be reached, is overloaded or restarts is asked again, with
    /// growing pauses, until the token is cancelled.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="projectId">The project that owns the deployment, or that it is shared with.</param>
    /// <param name="id">The deployment.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The deployment, whose status is COMPLETE or FAILED.</returns>
    /// <exception cref="DeploymentsException">
    /// The request cannot succeed: for example 404 if the deployment does not exist, or is deleted meanwhile, 401 if the token is not valid.
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
                () => client.GetSoftwareDeploymentAsync(projectId, id, WaitSeconds, cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false);
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
    /// Pages may be empty. A service that cannot be reached, is overloaded or restarts is asked again, with growing pauses.
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
    /// The request cannot succeed: for example 410 if events after the cursor are lost (then follow from <c>now</c>, and list the deployments),
    /// 401 if the token is not valid.
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
        int? wait = after == "now" ? null : WaitSeconds; // a wait that fails would begin again, at a later now
        while (true)
        {
            var (from, seconds, started) = (after, wait, Stopwatch.GetTimestamp());
            var page = await RetryAsync(
                () => client.ListEventsAsync(
                    projectId, from, PageSize, seconds, order: null, serverId, configId, deploymentId, status, cancellationToken),
                cancellationToken).ConfigureAwait(false);
            yield return page;
            if (page.Events.Count == 0 && seconds is not null)
            {
                await PauseIfEarlyAsync(started, cancellationToken).ConfigureAwait(false);
            }

            (after, wait) = (page.Next, WaitSeconds);
        }
    }

    /// <summary>Lists deployments to the end, page by page, oldest first.</summary>
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
                projectId, serverId, configId, action, status, PageSize, marker, cancellationToken).ConfigureAwait(false);
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

    // A service that stops responds at once to all that wait: they come back one after another.
    private static async Task PauseIfEarlyAsync(long started, CancellationToken cancellationToken)
    {
        if (Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(WaitSeconds - 1))
        {
            await Task.Delay(FirstPause * (0.5 + Random.Shared.NextDouble()), cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<T> RetryAsync<T>(Func<Task<T>> send, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await send().ConfigureAwait(false);
            }
            catch (Exception exception) when (IsTransient(exception) && !cancellationToken.IsCancellationRequested)
            {
                var pause = FirstPause * (1 << Math.Min(attempt, MaxPauseDoublings)) * (0.5 + Random.Shared.NextDouble());
                await Task.Delay((RetryAfter(exception) ?? TimeSpan.Zero) + pause, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // Time-outs are those of the HTTP client or of a handler.
    private static bool IsTransient(Exception exception) => exception switch
    {
        DeploymentsException { StatusCode: 408 or 429 or 502 or 503 or 504 } => true,
        HttpRequestException or OperationCanceledException or TimeoutException => true,
        _ => exception.GetType().BaseType?.Name == "ExecutionRejectedException", // of a resilience handler: a time-out, an open circuit
    };

    private static TimeSpan? RetryAfter(Exception exception) =>
        exception is DeploymentsException { Headers: { } headers }
        && headers.TryGetValue("Retry-After", out var values)
        && int.TryParse(values.FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : null;
}
