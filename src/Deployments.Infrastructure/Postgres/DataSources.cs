using Npgsql;

namespace Deployments.Infrastructure.Postgres;

/// <summary>How the service connects. What the operator's connection string says of a setting stands.</summary>
internal static class DataSources
{
    public static bool IsUsable(string? connectionString)
    {
        try
        {
            Create(connectionString).Dispose();
            return true;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or InvalidOperationException or NotSupportedException)
        {
            return false;
        }
    }

    /// <summary>The pool of the requests.</summary>
    public static NpgsqlDataSource Create(string? connectionString)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString) { Name = "deployments" }; // of its pool, in metrics
        var settings = builder.ConnectionStringBuilder;

        // An unreachable host is given up early, and no Kerberos library is looked for.
        settings.TryAdd("Timeout", 3);
        settings.TryAdd("GSS Encryption Mode", "Disable");

        // A connection is free again soon after its statement's caller was let go, also where the server has vanished without a reset.
        settings.TryAdd("Command Timeout", 5);
        settings.TryAdd("Cancellation Timeout", 500);

        // What is asked again and again is planned once. And a connection goes to its next user as it is: all that is ever left behind on
        // one is how its statements are planned and isolated (InsertDeploymentsCommand), which changes no result.
        settings.TryAdd("Max Auto Prepare", 50);
        settings.TryAdd("No Reset On Close", true);

        // Of several hosts, one that has just become the primary is to be found soon.
        settings.TryAdd("Host Recheck Seconds", 1);

        // PostgreSQL grants 100 connections to all comers: another instance, and an operator, need some of them.
        settings.TryAdd("Maximum Pool Size", 40);

        return builder.Build();
    }

    /// <summary>The one connection of the health check.</summary>
    public static NpgsqlDataSource CreateForHealth(string? connectionString)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString) { Name = "deployments-health" };
        var settings = builder.ConnectionStringBuilder;
        settings.TryAdd("GSS Encryption Mode", "Disable");
        settings["Minimum Pool Size"] = 0;
        settings["Maximum Pool Size"] = 1;
        settings["Timeout"] = 2;
        settings["Command Timeout"] = 2;
        settings["Cancellation Timeout"] = -1; // a connection that does not respond is exchanged at once
        return builder.Build();
    }

    private static void TryAdd(this NpgsqlConnectionStringBuilder settings, string keyword, object value)
    {
        if (!settings.ShouldSerialize(keyword))
        {
            settings[keyword] = value;
        }
    }
}
