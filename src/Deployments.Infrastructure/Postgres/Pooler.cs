namespace Deployments.Infrastructure.Postgres;

/// <summary>What stands between the service and the database.</summary>
/// <param name="SharesSessions">
/// Whether it is a pooler in transaction mode: each transaction may run in another session of the server, which other clients use too. So
/// nothing may outlive its transaction: no prepared statement, no setting, no lock.
/// </param>
public sealed record Pooler(bool SharesSessions);
