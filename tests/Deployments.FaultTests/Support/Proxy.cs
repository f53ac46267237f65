using System.Net;
using System.Net.Sockets;

namespace Deployments.FaultTests.Support;

/// <summary>
/// Stands before a server and cuts connections at random: now a question is lost before the server has it, now an answer after the
/// server gave it, such as that to a commit.
/// </summary>
internal sealed class Proxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, Ports.Free());
    private readonly CancellationTokenSource closing = new();
    private readonly Task accepting;
    private readonly int server;
    private int lostQuestions;
    private int lostAnswers;

    /// <param name="server">The port of the server on this machine.</param>
    public Proxy(int server)
    {
        this.server = server;
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>A connection is cut at one in so many pieces that would pass; never, if zero.</summary>
    public int CutsOneIn { get; set; }

    public int LostQuestions => lostQuestions;

    public int LostAnswers => lostAnswers;

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        listener.Dispose();
        await accepting;
        closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ServeAsync(await listener.AcceptTcpClientAsync(closing.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        using var upstream = new TcpClient();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(closing.Token);
        try
        {
            await upstream.ConnectAsync(IPAddress.Loopback, server, ending.Token);
            var questions = PassAsync(client.GetStream(), upstream.GetStream(), () => Interlocked.Increment(ref lostQuestions), ending.Token);
            var answers = PassAsync(upstream.GetStream(), client.GetStream(), () => Interlocked.Increment(ref lostAnswers), ending.Token);
            await Task.WhenAny(questions, answers);
            await ending.CancelAsync();
            await Task.WhenAll(questions, answers);
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
        {
            // Either end may leave at any time.
        }
    }

    private async Task PassAsync(NetworkStream from, NetworkStream to, Action lose, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        for (int read; (read = await from.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            if (CutsOneIn > 0 && Random.Shared.Next(CutsOneIn) == 0)
            {
                lose();
                return;
            }

            await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }
}
