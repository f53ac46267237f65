using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;
using Deployments.Infrastructure.SoftwareDeployments;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Infrastructure;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LockedDeploymentTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly IReadOnlySet<PendingChange> None = new HashSet<PendingChange>();
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly LockedDeployment row = new(new SoftwareDeployment(Guid.NewGuid(), "owner", "c", "s", Now), xact: 7);
    private readonly LockedConfigs configs = new();
    private readonly CancellationTokenSource attempt = new();
    private long arrival;

    public void Dispose() => attempt.Dispose();

    [Test]
    public async Task Apply_makes_each_change_of_the_deployment_that_the_one_before_it_left()
    {
        var changes = new[] { Add(Reason("one")), Add(Reason("two")), Add(Reason("three")) };

        Apply();

        row.Versions.Select(version => (version.Deployment.Version, version.Deployment.StatusReason)).ShouldBe([(2, "one"), (3, "two"), (4, "three")]);
        row.Current.StatusReason.ShouldBe("three");
        row.IsChanged.ShouldBeTrue();
        (await OutcomesAsync(changes)).Select(outcome => outcome.Deployment!.Version).ShouldBe([2, 3, 4]);
    }

    [Test]
    public async Task Apply_of_a_change_without_effect_stores_nothing_and_reports_the_current_deployment()
    {
        var change = Add(_ => false);

        Apply();

        row.Versions.ShouldBeEmpty();
        row.IsChanged.ShouldBeFalse();
        (await OutcomesAsync(change)).Single().Deployment!.Version.ShouldBe(1);
    }

    [Test]
    public async Task Apply_of_a_refused_change_fails_only_that()
    {
        var first = Add(Reason("one"));
        var refused = Add(deployment =>
        {
            Reason("refused")(deployment);
            throw new InvalidOperationException("refused");
        });
        var last = Add(deployment => deployment.Change(new DeploymentChanges { NewRunId = Guid.NewGuid(), Action = "last" }, Now));

        Apply();

        row.Versions.Select(version => (version.Deployment.StatusReason, version.Deployment.Action)).ShouldBe([("one", null), ("one", "last")]);
        (await OutcomesAsync(first, last)).Select(outcome => outcome.Deployment!.Version).ShouldBe([2, 3]);
        (await Should.ThrowAsync<InvalidOperationException>(() => WaitAsync(refused))).Message.ShouldBe("refused");
    }

    [Test]
    public async Task Apply_of_a_change_that_is_stored_does_not_make_it_again_and_signals_it()
    {
        var change = Add(Reason("again"));

        Apply(new HashSet<PendingChange> { change });

        row.Versions.ShouldBeEmpty();
        row.IsChanged.ShouldBeTrue();
        (await OutcomesAsync(change)).Single().Deployment!.Version.ShouldBe(1);
    }

    [Test]
    public void Apply_again_begins_with_the_stored_deployment()
    {
        Add(Reason("one"));

        Apply();
        Apply();

        row.Versions.Select(version => version.Deployment.Version).ShouldBe([2]);
    }

    [Test]
    public async Task Apply_leaves_out_a_change_whose_caller_has_stopped_waiting()
    {
        var abandoned = Add(Reason("abandoned"));
        await Should.ThrowAsync<OperationCanceledException>(() => WaitAsync(abandoned, new CancellationToken(canceled: true)));
        Add(Reason("kept"));

        Apply();

        row.Versions.Select(version => version.Deployment.StatusReason).ShouldBe(["kept"]);
    }

    [Test]
    public async Task Apply_of_a_change_whose_caller_left_during_an_earlier_attempt_ends_the_wait_for_it()
    {
        var change = Add(Reason("left"));
        using var leaving = new CancellationTokenSource();
        var waiting = WaitAsync(change, leaving.Token);
        change.TryTake(attempt);
        await leaving.CancelAsync();
        SpinWait.SpinUntil(() => change.IsAbandoned, Limit / 4).ShouldBeTrue(); // its caller goes on in another thread

        Apply();

        row.Versions.ShouldBeEmpty();
        await Should.ThrowAsync<UnavailableException>(() => waiting.WaitAsync(Limit / 4));
    }

    [TestCase(true, nameof(ConfigState.Exists), 2, false)]
    [TestCase(true, nameof(ConfigState.Missing), 1, true)]
    [TestCase(false, nameof(ConfigState.Missing), 2, false)]
    public async Task Apply_of_another_config_stores_it_if_it_exists_or_need_not(bool requireExisting, string state, int version, bool isMissing)
    {
        configs.Set("owner", "another", Enum.Parse<ConfigState>(state));
        var change = Add(Config("another"), requireExisting);

        Apply();

        row.Current.Version.ShouldBe(version);
        row.IsConfigLocked.ShouldBeFalse();
        (await OutcomesAsync(change)).Single().IsConfigMissing.ShouldBe(isMissing);
    }

    [Test]
    public void Apply_that_needs_a_config_that_is_locked_leaves_all_changes_of_the_row()
    {
        configs.Set("owner", "another", ConfigState.Locked);
        Add(Reason("one"));
        Add(Config("another"), requireExisting: true);

        Apply();

        row.IsConfigLocked.ShouldBeTrue();
    }

    [Test]
    public void Apply_that_keeps_the_config_needs_none()
    {
        configs.Set("owner", "c", ConfigState.Missing);
        Add(deployment => deployment.Change(new DeploymentChanges { NewRunId = Guid.NewGuid(), ConfigId = "c", Action = "kept" }, Now), requireExisting: true);

        Apply();

        row.Versions.Count.ShouldBe(1);
    }

    private static Func<SoftwareDeployment, bool> Reason(string reason) =>
        deployment => deployment.Change(new DeploymentChanges { NewRunId = Guid.NewGuid(), StatusReason = reason }, Now);

    private static Func<SoftwareDeployment, bool> Config(string id) =>
        deployment => deployment.Change(new DeploymentChanges { NewRunId = Guid.NewGuid(), ConfigId = id }, Now);

    private static Task<ChangeOutcome> WaitAsync(PendingChange change, CancellationToken cancellationToken = default) =>
        change.WaitAsync(Limit, TimeProvider.System, cancellationToken);

    private PendingChange Add(Func<SoftwareDeployment, bool> apply, bool requireExisting = false)
    {
        var change = new PendingChange(
            row.Current.Id, apply, new Caller("owner", "actor", "req-1"), new ConfigReferences(requireExisting), enqueuedAt: arrival++);
        row.Add(change);
        return change;
    }

    private void Apply(IReadOnlySet<PendingChange>? stored = null) => row.Apply(attempt, stored ?? None, configs);

    private Task<ChangeOutcome[]> OutcomesAsync(params PendingChange[] changes)
    {
        row.Complete();
        return Task.WhenAll(changes.Select(change => WaitAsync(change)));
    }
}
