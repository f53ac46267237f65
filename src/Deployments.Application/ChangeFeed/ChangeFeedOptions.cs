namespace Deployments.Application.ChangeFeed;

/// <summary>The limits of the change feed.</summary>
public sealed class ChangeFeedOptions
{
    /// <summary>The number of requests that one instance holds at most; a project may use half of it.</summary>
    public int MaxWaiting { get; set; }

    /// <summary>How many days the events of a deleted deployment are kept.</summary>
    public int KeepDeletedDays { get; set; }
}
