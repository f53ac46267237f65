using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace Deployments.FunctionalTests.Support;

/// <summary>Stands before a database and fails as networks and servers do: it refuses, breaks, swallows and loses.</summary>
internal sealed class Proxy : IAsyncDisposable
{
    private readonly EndPoint database;
    private readonly IPEndPoint here;
    private readonly ConcurrentDictionary<TcpClient, Task> connections = [];
    private volatile TcpListener? listener;
    private Task accepting = Task.CompletedTask;
    private volatile bool losesNextAnswer;
    private volatile byte[]? fatefulStatement;
    private volatile TaskCompletionSource flow = new();
    private int lostAnswers;

    /// <param name="connectionString">The database, on one host or behind a Unix socket.</param>
    public Proxy(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        database = settings.Host!.StartsWith('/')
            ? new UnixDomainSocketEndPoint($"{settings.Host}/.s.PGSQL.{settings.Port}")
            : new DnsEndPoint(settings.Host, settings.Port);
        flow.SetResult();

        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        here = (IPEndPoint)free.LocalEndpoint;
        ConnectionString = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Host = here.Address.ToString(),
            Port = here.Port,
            SslMode = SslMode.Disable, // what is said can be read
        }.ConnectionString;
    }

    /// <summary>How to reach the database through this proxy, which refuses connections until it is opened.</summary>
    public string ConnectionString { get; }

    public int LostAnswers => lostAnswers;

    public void Open()
    {
        var open = listener = new TcpListener(here);
        open.Start();
        accepting = AcceptAsync(open);
    }

    /// <summary>Refuses new connections and breaks those that there are.</summary>
    public void Close()
    {
        listener?.Dispose();
        listener = null;
        BreakConnections();
    }

    public void BreakConnections()
    {
        foreach (var connection in connections.Keys)
        {
            connection.Dispose();
        }
    }

    /// <summary>Takes connections and bytes, and passes nothing on.</summary>
    public void SwallowEverything() => flow = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Passes bytes on again, on new connections: what was swallowed is lost.</summary>
    public void SwallowNoMore()
    {
        BreakConnections();
        flow.SetResult();
    }

    /// <summary>Breaks the connection on which the database answers next, once it has answered.</summary>
    public void LoseNextAnswer() => losesNextAnswer = true;

    /// <summary>Breaks the connection on which the statement is next sent, once the database has answered it.</summary>
    /// <param name="statement">How it begins, or any part of it.</param>
    public void LoseAnswerTo(string statement) => fatefulStatement = Encoding.ASCII.GetBytes(statement);

    public async ValueTask DisposeAsync()
    {
        Close();
        flow.TrySetResult();
        await accepting;
        await Task.WhenAll(connections.Values);
    }

    private async Task AcceptAsync(TcpListener open)
    {
        while (true)
        {
            TcpClient client;
            try
            {
                client = await open.AcceptTcpClientAsync();
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            connections[client] = ServeAsync(client);
            if (listener != open)
            {
                client.Dispose(); // taken just before the proxy closed, and too late to be broken with the others
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        var protocol = database is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp;
        using var server = database is DnsEndPoint
            ? new Socket(SocketType.Stream, protocol)
            : new Socket(database.AddressFamily, SocketType.Stream, protocol);
        var doomed = false;
        try
        {
            await flow.Task;
            await server.ConnectAsync(database);
            await using var toServer = new NetworkStream(server);
            var toClient = client.GetStream();
            await Task.WhenAny(
                PassAsync(toClient, toServer, bytes =>
                {
                    doomed |= IsFateful(bytes.Span);
                    return false;
                }),
                PassAsync(toServer, toClient, _ => doomed || losesNextAnswer));
        }
        catch (Exception exception) when (IsBroken(exception))
        {
            // Either end may leave at any time.
        }
        finally
        {
            client.Dispose();
        }
    }

    private bool IsFateful(ReadOnlySpan<byte> sent)
    {
        if (fatefulStatement is not { } statement || sent.IndexOf(statement) < 0)
        {
            return false;
        }

        fatefulStatement = null;
        return true;
    }

    private async Task PassAsync(Stream from, Stream to, Func<ReadOnlyMemory<byte>, bool> loses)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            for (int read; (read = await from.ReadAsync(buffer)) > 0;)
            {
                await flow.Task;
                if (loses(buffer.AsMemory(0, read)))
                {
                    losesNextAnswer = false;
                    Interlocked.Increment(ref lostAnswers);
                    return;
                }

                await to.WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception exception) when (IsBroken(exception))
        {
            // Either end may leave at any time.
        }
    }

    private static bool IsBroken(Exception exception) =>
        exception is IOException or SocketException or ObjectDisposedException or InvalidOperationException;
}
