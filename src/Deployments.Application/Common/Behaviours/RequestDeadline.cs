using Deployments.Application.Common.Errors;

namespace Deployments.Application.Common.Behaviours;

/// <summary>The contract's five seconds, for use cases that ask storage more than once: each of its calls alone may take nearly as long.</summary>
internal static class RequestDeadline
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(4.5);

    /// <exception cref="UnavailableException">It takes longer; what it was about to store may yet be stored.</exception>
    public static async Task<T> WithTimeoutAsync<T>(this Task<T> work)
    {
        try
        {
            return await work.WaitAsync(Timeout);
        }
        catch (TimeoutException timeout)
        {
            throw new UnavailableException(timeout);
        }
    }
}
