namespace Deployments.Domain.SoftwareDeployments;

/// <summary>Who a deployment's history names: whoever sent a token, or one of the service's own duties.</summary>
public static class Actors
{
    public const string Deadline = "deadline";
    public const string Agent = "agent";
    public const string Retention = "retention";

    private const string UserPrefix = "user:";

    /// <summary>The actor of a token's subject. One that could be taken for the service's own is told apart by a prefix.</summary>
    public static string FromSubject(string subject) =>
        subject is Deadline or Agent or Retention || subject.StartsWith(UserPrefix, StringComparison.Ordinal)
            ? UserPrefix + subject
            : subject;
}
