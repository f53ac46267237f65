using System.Threading.Channels;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Deployments.Infrastructure.ChangeFeed;

/// <summary>
/// Notifies every instance of changes after their commit: its own waiters directly, other instances by notifications of PostgreSQL over a
/// connection that does nothing else, at most one every few milliseconds. NOTIFY takes a lock of the whole cluster until its commit, so it
/// is never part of a transaction that writes.
/// </summary>
/// <remarks>A notification may be lost, which <see cref="MissedChangeCheck"/> makes good.</remarks>
internal sealed partial class ChangeSignal(
    MigrationJob migration, FeedDataSource dataSource, ChangeHub hub, TimeProvider clock, ILogger<ChangeSignal> logger)
    : BackgroundService
{
    /// <summary>The channel of the notifications.</summary>
    public const string Channel = "deployments_changes";

    // Somewhat arbitrary: a fifth of what a watcher may wait, and at most 200 notifications a second from one instance.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);

    // How long the service waits at its end for the last notification to be sent.
    private static readonly TimeSpan FlushTime = TimeSpan.FromMilliseconds(500);

    private const int MaxUnsent = 100_000;

    private readonly Lock gate = new();
    private readonly Channel<bool> wakeUp = System.Threading.Channels.Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private HashSet<ulong> unsent = [];

    /// <summary>Deployments were created, in a transaction that is committed.</summary>
    public void Created(IEnumerable<SoftwareDeployment> deployments)
    {
        var topics = new HashSet<ulong>();
        string? lastProject = null, lastReceiver = null;
        foreach (var deployment in deployments)
        {
            if (deployment.ProjectId != lastProject)
            {
                topics.Add(ChangeTopics.OfProject(lastProject = deployment.ProjectId));
            }

            if (deployment.StackUserProjectId is { } receiver && receiver != lastReceiver)
            {
                topics.Add(ChangeTopics.OfProject(lastReceiver = receiver));
            }
        }

        Send(topics);
    }

    /// <summary>Deployments were changed or deleted, in a transaction that is committed.</summary>
    public void Changed(params IEnumerable<SoftwareDeployment> deployments) =>
        Changed(deployments.Select(deployment => (deployment.ProjectId, deployment.Id, deployment.StackUserProjectId)));

    /// <summary>The same by the owner of each deployment, its id and the project that it is shared with.</summary>
    public void Changed(IEnumerable<(string ProjectId, Guid Id, string? Receiver)> deployments)
    {
        var topics = new HashSet<ulong>();
        foreach (var (projectId, id, receiver) in deployments)
        {
            topics.Add(ChangeTopics.OfProject(projectId));
            topics.Add(ChangeTopics.OfDeployment(id));
            if (receiver is not null)
            {
                topics.Add(ChangeTopics.OfProject(receiver));
            }
        }

        Send(topics);
    }

    /// <summary>The agent of a server was deleted, in a transaction that is committed.</summary>
    public void Revoked(string projectId, string serverId) => Send([ChangeTopics.OfAgent(projectId, serverId)]);

    /// <summary>Sends what is left. The writers have stopped before.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        wakeUp.Writer.TryComplete();
        await (ExecuteTask ?? Task.CompletedTask).WaitAsync(FlushTime, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migration.WaitUntilCurrentAsync(stoppingToken);
        if (dataSource.IsUsed)
        {
            await dataSource.RunAsync(connection => NotifyAsync(connection, stoppingToken), LogDisconnected, stoppingToken);
        }
    }

    private void Send(HashSet<ulong> topics)
    {
        hub.Signal(topics);
        if (dataSource.IsUsed)
        {
            KeepForLater(topics);
        }
    }

    private void KeepForLater(HashSet<ulong> topics)
    {
        lock (gate)
        {
            if (unsent.Count > MaxUnsent)
            {
                unsent.Clear(); // other instances check for themselves
            }

            unsent.UnionWith(topics);
        }

        wakeUp.Writer.TryWrite(true);
    }

    /// <returns>When the service stops, and the last notification is sent.</returns>
    private async Task NotifyAsync(NpgsqlConnection connection, CancellationToken stoppingToken)
    {
        // A notification needs no durability: it is worth nothing after a crash. The setting is the statement's alone, since the session may be
        // that of other clients too, behind a pooler without its setting.
        await using var notify = new NpgsqlCommand(
            "SELECT set_config('synchronous_commit', 'off', true), pg_notify(@channel, payload) FROM unnest(@payloads) AS payload", connection);
        notify.Parameters.AddWithValue("channel", Channel);
        var payloads = notify.Parameters.Add(new NpgsqlParameter<string[]>("payloads", []));
        await notify.PrepareAsync(stoppingToken);
        while (await wakeUp.Reader.WaitToReadAsync(stoppingToken))
        {
            wakeUp.Reader.TryRead(out _);
            HashSet<ulong> topics;
            lock (gate)
            {
                (topics, unsent) = (unsent, []);
            }

            if (topics.Count > 0)
            {
                payloads.Value = ChangeTopics.Encode(hub.Instance, topics);
                try
                {
                    await notify.ExecuteNonQueryAsync(stoppingToken);
                }
                catch
                {
                    KeepForLater(topics);
                    throw;
                }

                await Task.Delay(Interval, clock, stoppingToken);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "Other instances cannot be notified of changes, and check for them once a second; trying again: {Reason}")]
    private partial void LogDisconnected(string reason);
}
