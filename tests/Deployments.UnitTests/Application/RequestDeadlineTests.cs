using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Microsoft.Extensions.Options;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public sealed class RequestDeadlineTests
{
    private static readonly TimeBudgets Short = new() { Request = TimeSpan.FromMilliseconds(1) };

    [Test]
    public async Task Work_that_ends_in_time_returns_its_result() =>
        (await Deadline(new TimeBudgets()).RunAsync(_ => Task.FromResult(1), CancellationToken.None)).ShouldBe(1);

    [Test]
    public async Task Work_is_stopped_when_the_time_is_up_and_the_request_is_unavailable()
    {
        var isStopped = false;

        await Should.ThrowAsync<UnavailableException>(() => Deadline(Short).RunAsync(
            async token =>
            {
                try
                {
                    return await Never(token);
                }
                finally
                {
                    isStopped = token.IsCancellationRequested;
                }
            },
            CancellationToken.None));

        isStopped.ShouldBeTrue();
    }

    [Test]
    public async Task Work_is_stopped_when_its_caller_leaves_and_that_is_no_failure_of_the_database()
    {
        using var caller = new CancellationTokenSource();
        var work = Deadline(new TimeBudgets()).RunAsync(Never, caller.Token);

        await caller.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => work);
    }

    [Test]
    public async Task Error_of_the_work_itself_is_returned_as_it_is() =>
        await Should.ThrowAsync<ConflictException>(() =>
            Deadline(Short).RunAsync<int>(_ => throw new ConflictException("in use"), CancellationToken.None));

    private static RequestDeadline Deadline(TimeBudgets budgets) => new(Options.Create(budgets), TimeProvider.System);

    private static async Task<int> Never(CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        return 0;
    }
}
