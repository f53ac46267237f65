namespace Deployments.Infrastructure.Postgres;

/// <summary>
/// Npgsql cancels a statement over a new connection, and blocks its thread until the server has accepted it: a thread of its own, as a server that
/// hangs would soon have all of the pool's.
/// </summary>
internal static class BlockingCancellation
{
    public static void CancelOnOwnThread(this CancellationTokenSource source) => new Thread(source.Cancel) { IsBackground = true }.Start();
}
