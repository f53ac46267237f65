using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.Retention;
using Deployments.Infrastructure.ChangeFeed;
using Deployments.Infrastructure.Postgres;

namespace Deployments.Infrastructure.Retention;

internal sealed class Pruning(DatabaseExecutor database, RequestDeadline deadline, ChangeSignal signal, TimeProvider clock) : IRetention
{
    private const int MaxFailures = 5; // one after another

    public async Task<RetentionCount> PruneAsync(
        RetentionRules rules, bool isDryRun, Action<RetentionCount> progress, CancellationToken cancellationToken)
    {
        var pass = new RetentionPass(rules, isDryRun, isAlone: false, database, deadline, signal, clock);
        var (sum, failures) = (default(RetentionCount), 0);
        while (!pass.IsComplete)
        {
            try
            {
                sum += await pass.ContinueAsync(cancellationToken) ?? default;
                failures = 0;
                progress(sum);
            }
            catch (UnavailableException) when (++failures < MaxFailures)
            {
                // It goes on with a smaller slice, or once the database is back.
            }
        }

        return sum;
    }
}
