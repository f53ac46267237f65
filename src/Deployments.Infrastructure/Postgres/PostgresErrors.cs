using System.Net.Sockets;
using Npgsql;

namespace Deployments.Infrastructure.Postgres;

/// <summary>The cause of a failed statement.</summary>
internal enum PostgresFailure
{
    /// <summary>The database, its connection or its setup: another attempt may succeed.</summary>
    Transient,

    /// <summary>The row itself: it fails, the other rows of its group are stored.</summary>
    Rejected,

    /// <summary>The service: another attempt would fail too, and the exception is logged whole.</summary>
    Defect,
}

/// <summary>The only classification of failures of PostgreSQL and its driver.</summary>
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
                case NpgsqlException { InnerException: null }: // a broken connection, an exhausted pool
                    return PostgresFailure.Transient;
                case ObjectDisposedException or InvalidOperationException { Source: "Npgsql" } when IsBrokenConnection(cause):
                    return PostgresFailure.Transient;
            }
        }

        return PostgresFailure.Defect;
    }

    public static bool IsTransient(Exception exception) => Classify(exception) == PostgresFailure.Transient;

    /// <summary>Whether the server refuses writes because it is not the primary; so does every pooled connection to it.</summary>
    public static bool IsReadOnlyServer(Exception exception) =>
        exception.GetBaseException() is PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction };

    /// <summary>Whether the database cannot store a character of the row because its encoding is not UTF-8.</summary>
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

        // A schema that is missing or not complete yet, and rights that were not granted yet: the health check reports what is missing.
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

    // A connection that breaks during a statement may be reported as an invalid state of the connection.
    private static bool IsBrokenConnection(Exception exception) =>
        exception is ObjectDisposedException || exception.Message.StartsWith("Connection is not open", StringComparison.Ordinal)
        || exception.Message.StartsWith("The connection is broken", StringComparison.Ordinal);
}
