using Deployments.Domain.Common;
using Deployments.Domain.SoftwareDeployments;

namespace Deployments.Domain.Agents;

/// <summary>
/// The agent of a server: it reads what to apply from an address that names it, and reports to others. When it is revoked its id is never
/// used again, and with it no address.
/// </summary>
public sealed class Agent
{
    public Agent(Guid id, string projectId, string serverId, DateTimeOffset creationTime)
        : this(
            id,
            CharacterLimits.Required(projectId, Common.ProjectId.MaxLength, nameof(projectId)),
            CharacterLimits.Required(serverId, SoftwareDeployment.MaxServerIdLength, nameof(serverId))) =>
        CreationTime = creationTime.ToMicroseconds();

    // For Entity Framework. It checks nothing: rows that were stored under other limits must stay readable.
    private Agent(Guid id, string projectId, string serverId)
    {
        Id = id;
        ProjectId = projectId;
        ServerId = serverId;
    }

    public Guid Id { get; }

    public string ProjectId { get; }

    public string ServerId { get; }

    public DateTimeOffset CreationTime { get; private set; }

    /// <summary>When it last asked what to apply, to the minute; null if it has not.</summary>
    public DateTimeOffset? LastSeen { get; private set; }
}
