using Deployments.Application.Common;
using Npgsql;

namespace Deployments.Infrastructure.Postgres;

/// <summary>
/// Why PostgreSQL refused a connection. Unless TLS is required, Npgsql tries again without it after a refusal, such as a wrong password, and
/// then reports only that PostgreSQL takes no unencrypted connection.
/// </summary>
internal static class ConnectionRefusal
{
    /// <param name="exception">The failure of the connection.</param>
    /// <param name="connectionString">The operator's.</param>
    /// <param name="timeout">How long a second attempt may take, in whole seconds.</param>
    public static async Task<string> ExplainAsync(Exception exception, string? connectionString, TimeSpan timeout)
    {
        if (exception.GetBaseException() is not PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification } refusal
            || !refusal.MessageText.EndsWith("no encryption", StringComparison.Ordinal))
        {
            return DatabaseFailure.Describe(exception);
        }

        var encrypted = new NpgsqlConnectionStringBuilder(connectionString)
        {
            SslMode = SslMode.Require,
            Pooling = false,
            Timeout = (int)timeout.TotalSeconds,
        };
        try
        {
            await using var connection = new NpgsqlConnection(encrypted.ConnectionString);
            await connection.OpenAsync();
            return DatabaseFailure.Describe(exception);
        }
        catch (NpgsqlException cause)
        {
            return DatabaseFailure.Describe(cause);
        }
    }
}
