namespace Deployments.Domain.SoftwareDeployments;

/// <summary>What became of an agent's report.</summary>
public enum SignalOutcome
{
    /// <summary>The deployment has ended, as reported.</summary>
    Applied,

    /// <summary>Nothing has changed: the deployment has ended before, or is in another run.</summary>
    Ignored,

    /// <summary>Nothing has changed: the deadline of the run has failed the deployment before.</summary>
    TooLate,
}
