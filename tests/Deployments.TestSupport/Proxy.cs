using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace Deployments.TestSupport;

/// <summary>
/// A TCP proxy before a database or a service, which fails as networks and servers do: it refuses, breaks and swallows connections, and
/// loses statements, requests and responses.
/// </summary>
internal sealed class Proxy : IAsyncDisposable
{
    private readonly EndPoint target;
    private readonly IPEndPoint address = new(IPAddress.Loopback, Ports.Free());
    private readonly ConcurrentDictionary<Connection, Task> connections = [];
    private volatile TcpListener? listener;
    private Task accepting = Task.CompletedTask;
    private volatile bool swallowsNewConnections;
    private volatile bool losesNextResponse;
    private volatile byte[]? statementToLoseResponseOf;
    private volatile Action? beforeLoss;
    private int lostStatements;
    private int lostResponses;

    /// <param name="connectionString">The database, on one host or behind a Unix socket.</param>
    public Proxy(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        target = settings.Host!.StartsWith('/')
            ? new UnixDomainSocketEndPoint($"{settings.Host}/.s.PGSQL.{settings.Port}")
            : new DnsEndPoint(settings.Host, settings.Port);
        ConnectionString = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Host = address.Address.ToString(),
            Port = address.Port,
            SslMode = SslMode.Disable, // statements must be readable
        }.ConnectionString;
    }

    /// <param name="service">The service.</param>
    public Proxy(Uri service)
    {
        target = new DnsEndPoint(service.Host, service.Port);
        ConnectionString = string.Empty;
    }

    /// <summary>How to reach the service through this proxy.</summary>
    public Uri Address => new($"http://{address}");

    /// <summary>How to reach the database through this proxy, which refuses connections until it is opened.</summary>
    public string ConnectionString { get; }

    /// <summary>The chance of each piece of data to be lost and its connection broken is one in this number; zero for none.</summary>
    public int LosesOneIn { get; set; }

    /// <summary>How many pieces of data were lost on their way to the database.</summary>
    public int LostStatements => lostStatements;

    /// <summary>How many pieces of data were lost on their way from the database.</summary>
    public int LostResponses => lostResponses;

    public void Open()
    {
        var open = listener = new TcpListener(address);
        open.Start();
        accepting = AcceptAsync(open);
    }

    /// <summary>Refuses new connections and breaks the existing ones.</summary>
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
            connection.Break();
        }
    }

    /// <summary>Keeps existing and new connections open and forwards nothing on them.</summary>
    public void SwallowEverything()
    {
        swallowsNewConnections = true;
        SwallowExistingConnections();
    }

    /// <summary>Keeps the connections that exist now open and forwards nothing on them; new connections work.</summary>
    public void SwallowExistingConnections()
    {
        foreach (var connection in connections.Keys)
        {
            connection.IsSwallowed = true;
        }
    }

    /// <summary>Breaks all connections and forwards on new ones: the swallowed data is lost.</summary>
    public void StopSwallowing()
    {
        swallowsNewConnections = false;
        BreakConnections();
    }

    /// <summary>Loses the next response of the database and breaks its connection.</summary>
    public void LoseNextResponse() => losesNextResponse = true;

    /// <summary>Loses the response to the next statement or request with a text and breaks its connection.</summary>
    /// <param name="statement">Any part of it.</param>
    /// <param name="meanwhile">What happens after the database has responded, and before the connection breaks.</param>
    public void LoseResponseTo(string statement, Action? meanwhile = null)
    {
        beforeLoss = meanwhile;
        statementToLoseResponseOf = Encoding.ASCII.GetBytes(statement);
    }

    public async ValueTask DisposeAsync()
    {
        Close();
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

            var connection = new Connection(client) { IsSwallowed = swallowsNewConnections };
            connections[connection] = ServeAsync(connection);
            if (swallowsNewConnections)
            {
                connection.IsSwallowed = true; // accepted just before, and too late to be swallowed with the existing ones
            }

            if (listener != open)
            {
                connection.Break(); // accepted just before the proxy closed, and too late to be broken with the existing ones
            }
        }
    }

    private async Task ServeAsync(Connection connection)
    {
        var protocol = target is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp;
        using var server = target is DnsEndPoint
            ? new Socket(SocketType.Stream, protocol)
            : new Socket(target.AddressFamily, SocketType.Stream, protocol);
        var losesResponse = false;
        try
        {
            if (connection.IsSwallowed)
            {
                await connection.Broken;
                return;
            }

            await server.ConnectAsync(target);
            await using var toServer = new NetworkStream(server);
            var toClient = connection.Client.GetStream();
            await Task.WhenAny(
                ForwardAsync(connection, toClient, toServer, data =>
                {
                    losesResponse |= IsStatementToLoseResponseOf(data.Span);
                    return LosesAtRandom() && Count(ref lostStatements);
                }),
                ForwardAsync(connection, toServer, toClient, _ =>
                {
                    if (losesResponse)
                    {
                        Interlocked.Exchange(ref beforeLoss, null)?.Invoke();
                    }

                    return (losesResponse || TakeLossOfNextResponse() || LosesAtRandom()) && Count(ref lostResponses);
                }));
        }
        catch (Exception exception) when (IsBroken(exception))
        {
            // Either end may close the connection at any time.
        }
        finally
        {
            connection.Break();
        }
    }

    private bool LosesAtRandom() => LosesOneIn > 0 && Random.Shared.Next(LosesOneIn) == 0;

    private static bool Count(ref int counter) => Interlocked.Increment(ref counter) > 0;

    private bool TakeLossOfNextResponse() => losesNextResponse && Interlocked.Exchange(ref losesNextResponse, false);

    private bool IsStatementToLoseResponseOf(ReadOnlySpan<byte> data)
    {
        if (statementToLoseResponseOf is not { } statement || data.IndexOf(statement) < 0)
        {
            return false;
        }

        statementToLoseResponseOf = null;
        return true;
    }

    private static async Task ForwardAsync(Connection connection, Stream from, Stream to, Func<ReadOnlyMemory<byte>, bool> loses)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            for (int read; (read = await from.ReadAsync(buffer)) > 0;)
            {
                if (connection.IsSwallowed)
                {
                    await connection.Broken;
                    return;
                }

                if (loses(buffer.AsMemory(0, read)))
                {
                    return;
                }

                await to.WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception exception) when (IsBroken(exception))
        {
            // Either end may close the connection at any time.
        }
    }

    private static bool IsBroken(Exception exception) =>
        exception is IOException or SocketException or ObjectDisposedException or InvalidOperationException;

    private sealed class Connection(TcpClient client)
    {
        private readonly TaskCompletionSource broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool isSwallowed;

        public TcpClient Client => client;

        public Task Broken => broken.Task;

        public bool IsSwallowed
        {
            get => isSwallowed;
            set => isSwallowed = value;
        }

        public void Break()
        {
            client.Dispose();
            broken.TrySetResult();
        }
    }
}
