using System.Collections.ObjectModel;
using Deployments.Application.SoftwareConfigs;
using Deployments.Application.SoftwareDeployments;

namespace Deployments.Api.Json;

/// <summary>
/// An <c>IList</c> of a body. Keeps at most one element more than any list may have, so that a validator can see the overflow while a body
/// with millions of elements takes little memory.
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
