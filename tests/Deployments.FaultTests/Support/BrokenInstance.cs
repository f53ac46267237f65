using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Deployments.FaultTests.Support;

/// <summary>What an instance looks like that is killed while it works on a request: it reads each request, and closes its connection.</summary>
internal sealed class BrokenInstance : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, Ports.Free());
    private readonly ConcurrentQueue<string> requests = [];
    private readonly Task accepting;

    public BrokenInstance()
    {
        listener.Start();
        accepting = AcceptAsync();
    }

    public Uri Address => new($"http://{listener.LocalEndpoint}");

    /// <summary>The requests that it has read.</summary>
    public IReadOnlyCollection<string> Requests => requests;

    public async ValueTask DisposeAsync()
    {
        listener.Dispose();
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task AcceptAsync()
    {
        var buffer = new byte[16 * 1024];
        while (true)
        {
            using var connection = await listener.AcceptTcpClientAsync();
            try
            {
                var length = await connection.GetStream().ReadAsync(buffer);
                requests.Enqueue(Encoding.ASCII.GetString(buffer, 0, length));
            }
            catch (IOException)
            {
                // The proxy has closed the connection first.
            }
        }
    }
}
