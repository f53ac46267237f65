using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Deployments.Api.Hosting;

/// <summary>
/// Stops the service without losing a request: no new connection is accepted, each response that starts closes its connection, and only then
/// are the remaining connections closed. Kestrel alone would close an idle connection just as a request arrives on it.
/// </summary>
internal static class ConnectionDraining
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(1);

    public static void AddConnectionDraining(this IServiceCollection services)
    {
        services.AddSingleton<SocketTransportFactory>();
        services.AddSingleton<IConnectionListenerFactory, ListenerFactory>();
    }

    /// <summary>Has a response that is about to start close its connection if the service is stopping.</summary>
    public static void CloseConnectionIfStopping(HttpContext context)
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

        // Counts the listener too, so that it reaches zero only once no more connections are accepted.
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
            await Task.WhenAny(drained.Task, Task.Delay(MaxWait, cancellationToken));
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
