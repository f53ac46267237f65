using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Deployments.DevelopmentDatabase;
using Deployments.FunctionalTests.Support;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>A PostgreSQL that takes encrypted connections only, as managed ones do.</summary>
public sealed class ConnectionRefusalTests
{
    private const string Password = "the-right-password";

    private static readonly TimeSpan PollingInterval = TimeSpan.FromMilliseconds(20);

    [Test]
    public async Task Wrong_password_where_TLS_is_required_is_logged_as_a_wrong_password()
    {
        try
        {
            PostgresBinaries.Find();
        }
        catch (InvalidOperationException missing)
        {
            Assert.Ignore(missing.Message);
        }

        await using var server = await DevelopmentPostgres.StartTemporaryAsync(["fsync=off"]);
        await RequireTlsAsync(server.ConnectionString);
        var user = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Username = "svc", Password = Password };
        await using (var right = await Service.StartAsync(user.ConnectionString))
        {
            await right.WaitUntilReadyAsync();
        }

        user.Password = "another-password";
        await using var wrong = await Service.StartAsync(user.ConnectionString);

        (await wrong.GetAsync("/healthz/ready")).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        var line = await wrong.Log.WaitForAsync(line => line.Message.StartsWith("Not ready: ", StringComparison.Ordinal));
        line.Message.ShouldContain("password authentication failed");
        line.Text.ShouldNotContain(user.Password);
    }

    /// <summary>The server reads its rules some time after it was told to.</summary>
    private static async Task WaitUntilRefusedAsync(NpgsqlConnectionStringBuilder unencrypted)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(PollingInterval))
        {
            try
            {
                await using var connection = new NpgsqlConnection(unencrypted.ConnectionString);
                await connection.OpenAsync();
            }
            catch (PostgresException refusal) when (refusal.SqlState == PostgresErrorCodes.InvalidAuthorizationSpecification)
            {
                return;
            }

            waited.Elapsed.ShouldBeLessThan(Service.Timeout);
        }
    }

    /// <summary>Gives the server a certificate, a user with a password, and rules that refuse unencrypted connections.</summary>
    private static async Task RequireTlsAsync(string connectionString)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));

        // The server writes the files itself, so that they are in its folder and belong to its user.
        await using var database = NpgsqlDataSource.Create(connectionString);
        await WriteAsync("server.crt", certificate.ExportCertificatePem());
        await WriteAsync("server.key", key.ExportPkcs8PrivateKeyPem());
        await WriteAsync("pg_hba.conf", "hostssl all svc all scram-sha-256");
        await ExecuteAsync($"CREATE ROLE svc SUPERUSER LOGIN PASSWORD '{Password}'");
        await ExecuteAsync("ALTER SYSTEM SET ssl = on");
        await ExecuteAsync("SELECT pg_reload_conf()");
        await WaitUntilRefusedAsync(new NpgsqlConnectionStringBuilder(connectionString)
        {
            Username = "svc",
            Password = Password,
            SslMode = SslMode.Disable,
            Pooling = false,
        });

        Task WriteAsync(string file, string text) =>
            ExecuteAsync($"COPY (SELECT unnest(string_to_array('{text}', E'\n'))) TO PROGRAM 'umask 077 && cat > {file}'");

        async Task ExecuteAsync(string statement)
        {
            await using var command = database.CreateCommand(statement);
            await command.ExecuteNonQueryAsync();
        }
    }
}
