namespace Deployments.Infrastructure.Postgres.Model;

/// <summary>A project that has shared deployments with another: where to look for what a project may see beside its own.</summary>
/// <param name="ProjectId">The project that they are shared with.</param>
/// <param name="OwnerProjectId">The project that owns them.</param>
internal sealed record ProjectShare(string ProjectId, string OwnerProjectId);
