namespace Deployments.Domain.SoftwareDeployments;

/// <summary>Actors in a deployment's history: the subject of a token, or one of the service's own jobs.</summary>
public static class Actors
{
    public const string Deadline = "deadline";
    public const string Agent = "agent";
    public const string Retention = "retention";

    private const string UserPrefix = "user:";

    /// <summary>The actor for a token's subject. A prefix distinguishes a subject that equals one of the service's own actors.</summary>
    public static string FromSubject(string subject) =>
        subject is Deadline or Agent or Retention || subject.StartsWith(UserPrefix, StringComparison.Ordinal)
            ? UserPrefix + subject
            : subject;
}
