using Deployments.Application.Common;
using Deployments.Application.Retention;
using Deployments.Infrastructure.ChangeFeed;
using Deployments.Infrastructure.Postgres;

namespace Deployments.Infrastructure.Retention;

internal sealed class Pruning(DatabaseExecutor database, RequestDeadline deadline, ChangeSignal signal, TimeProvider clock) : IRetention
{
    public async Task<RetentionCount> PruneAsync(
        RetentionRules rules, bool isDryRun, Action<RetentionCount> progress, CancellationToken cancellationToken)
    {
        var pass = new RetentionPass(rules, isDryRun, isAlone: false, database, deadline, signal, clock);
        var sum = default(RetentionCount);
        while (!pass.IsComplete)
        {
            sum += await pass.ContinueAsync(cancellationToken) ?? default;
            progress(sum);
        }

        return sum;
    }
}
