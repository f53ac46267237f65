using Deployments.Application.Common;
using Npgsql;

namespace Deployments.Infrastructure.Postgres;

/// <summary>
/// Why PostgreSQL refused a connection. Unless TLS is required, Npgsql tries again without it after a refusal, such as a wrong password, and
/// then reports only that PostgreSQL takes no unencrypted connection.
/// </summary>
internal static class ConnectionRefusal
{
    private const int TimeoutSeconds = 2;

    public static async Task<string> ExplainAsync(Exception exception, string? connectionString)
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
            Timeout = TimeoutSeconds,
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
