namespace Deployments.Infrastructure.Postgres.Model;

/// <summary>The position of the newest event of a project that was purged; none where nothing was.</summary>
internal sealed record FeedFloor(string ProjectId, ulong Xact, Guid DeploymentId, int Version);
