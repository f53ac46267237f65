using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Deployments.Api.Hosting;

/// <summary>
/// How the service ends without a request lost: no new connection is taken, each answer that begins closes its connection, and only then those
/// that are still open are closed. Kestrel alone would close an idle connection just as a request comes in on it.
/// </summary>
internal static class ConnectionDraining
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    public static void AddConnectionDraining(this IServiceCollection services)
    {
        services.AddSingleton<SocketTransportFactory>();
        services.AddSingleton<IConnectionListenerFactory, ListenerFactory>();
    }

    /// <summary>Lets the answer, which is about to begin, close its connection if the service ends. Set sooner, that is lost on errors.</summary>
    public static void CloseConnectionIfStopping(this HttpContext context)
    {
        if (context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested)
        {
            context.Response.Headers.Connection = "close";
        }
    }

    private sealed class ListenerFactory(SocketTransportFactory sockets) : IConnectionListenerFactory
    {
        public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
            new Listener(await sockets.BindAsync(endpoint, cancellationToken));
    }

    private sealed class Listener(IConnectionListener sockets) : IConnectionListener
    {
        private readonly TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // One for the listener itself, so that there are none only once it takes no more.
        private int open = 1;

        public EndPoint EndPoint => sockets.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            var connection = await sockets.AcceptAsync(cancellationToken);
            if (connection is not null)
            {
                Interlocked.Increment(ref open);
                connection.ConnectionClosed.Register(static listener => ((Listener)listener!).Close(), this);
            }

            return connection;
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            await sockets.UnbindAsync(cancellationToken);
            Close();
            await Task.WhenAny(drained.Task, Task.Delay(LongestWait, cancellationToken));
        }

        public ValueTask DisposeAsync() => sockets.DisposeAsync();

        private void Close()
        {
            if (Interlocked.Decrement(ref open) == 0)
            {
                drained.TrySetResult();
            }
        }
    }
}
