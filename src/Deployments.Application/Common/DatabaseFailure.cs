using System.Net.Sockets;

namespace Deployments.Application.Common;

/// <summary>Why the database cannot be used, for the log.</summary>
public static class DatabaseFailure
{
    /// <summary>Describes the cause of a failure in one line; its statement, its rows and its stack trace are left out.</summary>
    /// <param name="failure">What was thrown.</param>
    public static string Describe(Exception failure)
    {
        var (outer, cause) = (failure, failure);
        while (cause.InnerException is { } inner)
        {
            (outer, cause) = (cause, inner);
        }

        return cause switch
        {
            OperationCanceledException or TimeoutException => "No response in time.",
            SocketException when outer != cause => $"{FirstLine(outer)} ({cause.Message})",
            _ => FirstLine(cause),
        };
    }

    private static string FirstLine(Exception exception) => exception.Message.Split('\n')[0].TrimEnd();
}
