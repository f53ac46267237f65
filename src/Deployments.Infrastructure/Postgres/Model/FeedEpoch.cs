namespace Deployments.Infrastructure.Postgres.Model;

/// <summary>
/// The life of the database in which transaction ids are comparable: raised after a failover, a restore, or a move to another server. A
/// single row.
/// </summary>
internal sealed record FeedEpoch(int Id, int Epoch, string Timeline, string Cluster);
