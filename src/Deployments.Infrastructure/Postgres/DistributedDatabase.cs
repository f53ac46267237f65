namespace Deployments.Infrastructure.Postgres;

/// <summary>A database whose tables may be spread over several servers, where some features of a single server are missing.</summary>
internal static class DistributedDatabase
{
    /// <summary>The condition, in SQL, that the database is one.</summary>
    public const string Exists = "EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')";
}
