using System.Globalization;
using System.Net;
using Npgsql;

namespace Deployments.Infrastructure.Postgres;

/// <summary>Creates connection pools. The operator's connection string takes precedence over every default set here.</summary>
internal static class DataSources
{
    public static bool IsUsable(string? connectionString)
    {
        try
        {
            Create(connectionString, new Pooler(SharesSessions: false)).Dispose();

            // Npgsql takes an address with a user and a password for the name of a host, which is reported. One @ begins an abstract socket.
            var settings = new NpgsqlConnectionStringBuilder(connectionString);
            var host = settings.Host ?? string.Empty;
            return !host.Contains("://", StringComparison.Ordinal) && host.LastIndexOf('@') <= 0 && settings.Port <= IPEndPoint.MaxPort
                && host.Split(',').All(HasUsablePort);
        }
        catch (Exception exception) when (
            exception is ArgumentException or FormatException or InvalidOperationException or NotSupportedException or OverflowException)
        {
            return false;
        }
    }

    // The name of a host may have a port. The path of a socket has none, and an address of IPv6 may end with a number that is none.
    private static bool HasUsablePort(string host)
    {
        var port = host.StartsWith('/') || !host.Contains(':', StringComparison.Ordinal) ? string.Empty : host[(host.LastIndexOf(':') + 1)..];
        return port.Length == 0 || !port.All(char.IsAsciiDigit) || ushort.TryParse(port, CultureInfo.InvariantCulture, out _);
    }

    /// <summary>Creates the pool for requests.</summary>
    public static NpgsqlDataSource Create(string? connectionString, Pooler pooler)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString) { Name = "deployments" }; // the name of the pool in metrics
        var settings = builder.ConnectionStringBuilder;

        // Give up early on an unreachable host, and do not look for a Kerberos library.
        settings.TryAdd("Timeout", 3);
        settings.TryAdd("GSS Encryption Mode", "Disable");

        // Free a connection soon after its caller has stopped waiting, even if the server has vanished without a reset.
        settings.TryAdd("Command Timeout", 5);
        settings.TryAdd("Cancellation Timeout", 500);

        // Frequent statements are prepared. Connections are not reset between uses: the only session state that the service sets is how
        // statements are planned and isolated (GroupConnections), which changes no result.
        settings.TryAdd("Max Auto Prepare", 50);
        settings.TryAdd("No Reset On Close", true);
        if (pooler.SharesSessions)
        {
            ShareSessions(settings);
        }

        // With several hosts, find a new primary soon.
        settings.TryAdd("Host Recheck Seconds", 1);

        // PostgreSQL allows 100 connections by default: another instance, and an operator, need some of them.
        settings.TryAdd("Maximum Pool Size", 40);

        return builder.Build();
    }

    /// <summary>Creates the pool of a single connection for the health check.</summary>
    public static NpgsqlDataSource CreateForHealth(string? connectionString, Pooler pooler, TimeSpan timeout)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString) { Name = "deployments-health" };
        var settings = builder.ConnectionStringBuilder;
        settings.TryAdd("GSS Encryption Mode", "Disable");
        settings["Minimum Pool Size"] = 0;
        settings["Maximum Pool Size"] = 1;
        settings["Timeout"] = (int)timeout.TotalSeconds;
        settings["Command Timeout"] = (int)timeout.TotalSeconds;
        settings["Cancellation Timeout"] = -1; // replace a connection that does not respond at once
        if (pooler.SharesSessions)
        {
            ShareSessions(settings);
        }

        return builder.Build();
    }

    /// <summary>Creates the pool of the two connections that send and hear the feed's notifications.</summary>
    public static NpgsqlDataSource CreateForFeed(string? connectionString)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString) { Name = "deployments-feed" };
        var settings = builder.ConnectionStringBuilder;
        settings.TryAdd("GSS Encryption Mode", "Disable");
        settings.TryAdd("Timeout", 3);
        settings.TryAdd("Command Timeout", 5);
        settings.TryAdd("Cancellation Timeout", 500);
        settings.TryAdd("Host Recheck Seconds", 1);
        settings["Minimum Pool Size"] = 0;
        settings["Maximum Pool Size"] = 2;
        settings["Keepalive"] = 1; // a listener that waits would not notice that the server has vanished
        return builder.Build();
    }

    // Neither prepares anything nor resets the session at the end of a use: both would be those of other clients too.
    private static void ShareSessions(NpgsqlConnectionStringBuilder settings)
    {
        settings["Max Auto Prepare"] = 0;
        settings["No Reset On Close"] = true;
    }

    private static void TryAdd(this NpgsqlConnectionStringBuilder settings, string keyword, object value)
    {
        if (!settings.ShouldSerialize(keyword))
        {
            settings[keyword] = value;
        }
    }
}
