using System.Net.Sockets;
using Npgsql;

namespace Deployments.Infrastructure.Postgres;

/// <summary>What a failure of a statement says about its cause.</summary>
internal enum PostgresFailure
{
    /// <summary>The database, its connection or its setup: another attempt may succeed.</summary>
    Transient,

    /// <summary>The row itself: it fails alone, its neighbours of a group are stored.</summary>
    Rejected,

    /// <summary>The service: another attempt would fail too, and the exception is logged whole.</summary>
    Defect,
}

/// <summary>The one place that decides what PostgreSQL and its driver mean by a failure.</summary>
internal static class PostgresErrors
{
    public static PostgresFailure Classify(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case PostgresException refusal:
                    return Classify(refusal.SqlState, refusal.MessageText);
                case SocketException or IOException or TimeoutException:
                    return PostgresFailure.Transient;
                case NpgsqlException { InnerException: null }: // a connection that broke, a pool that is used up
                    return PostgresFailure.Transient;
                case ObjectDisposedException or InvalidOperationException { Source: "Npgsql" } when IsBrokenConnection(cause):
                    return PostgresFailure.Transient;
            }
        }

        return PostgresFailure.Defect;
    }

    public static bool IsTransient(Exception exception) => Classify(exception) == PostgresFailure.Transient;

    /// <summary>Whether the server takes no writes: it is no longer, or not yet, the primary, and every pooled connection leads to it.</summary>
    public static bool IsReadOnlyServer(Exception exception) =>
        exception.GetBaseException() is PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction };

    /// <summary>Whether the database cannot hold a character of the row, as its encoding is not UTF-8.</summary>
    public static bool IsWrongEncoding(Exception exception) => exception is PostgresException
    {
        SqlState: PostgresErrorCodes.UntranslatableCharacter or PostgresErrorCodes.CharacterNotInRepertoire,
    };

    private static PostgresFailure Classify(string state, string message) => state switch
    {
        // A statement that was prepared before a column's type changed, and one that a pooler prepared on another connection.
        PostgresErrorCodes.FeatureNotSupported =>
            message.Contains("cached plan", StringComparison.Ordinal) ? PostgresFailure.Transient : PostgresFailure.Defect,
        PostgresErrorCodes.InvalidSqlStatementName or PostgresErrorCodes.DuplicatePreparedStatement => PostgresFailure.Transient,

        // A schema that is not there yet, or not all of it, and rights that were not granted yet: readiness names what is missing.
        PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.InvalidSchemaName or PostgresErrorCodes.UndefinedTable
            or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.InsufficientPrivilege => PostgresFailure.Transient,

        PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable
            or PostgresErrorCodes.ReadOnlySqlTransaction or "25P03"
            or PostgresErrorCodes.InternalError => PostgresFailure.Transient,

        _ => state[..2] switch
        {
            "08" or "28" or "53" or "57" or "58" => PostgresFailure.Transient, // connection, authorisation, resources, operator, system
            "22" or "23" => PostgresFailure.Rejected, // data, constraint
            _ => PostgresFailure.Defect,
        },
    };

    // A connection that breaks under a statement may show itself as the state that the break left behind.
    private static bool IsBrokenConnection(Exception exception) =>
        exception is ObjectDisposedException || exception.Message.StartsWith("Connection is not open", StringComparison.Ordinal)
        || exception.Message.StartsWith("The connection is broken", StringComparison.Ordinal);
}
