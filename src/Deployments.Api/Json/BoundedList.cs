using System.Collections.ObjectModel;
using Deployments.Application.SoftwareConfigs;
using Deployments.Application.SoftwareDeployments;

namespace Deployments.Api.Json;

/// <summary>
/// What an <c>IList</c> of a body is read into. A body of its largest size has room for millions of elements: what is past the most that any
/// list may hold, and the one more by which a validator knows that there are too many, is not kept.
/// </summary>
internal sealed class BoundedList<T> : Collection<T>
{
    private static readonly int MaxKept = 1 + Math.Max(CreateDeploymentsCommand.MaxCount, NewConfig.MaxValues);

    protected override void InsertItem(int index, T item)
    {
        if (Count < MaxKept)
        {
            base.InsertItem(index, item);
        }
    }
}
