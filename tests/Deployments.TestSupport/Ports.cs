using System.Net;
using System.Net.Sockets;

namespace Deployments.TestSupport;

internal static class Ports
{
    /// <summary>
    /// A free loopback port that stays free while its server is down: the kernel uses higher ones for outgoing connections, and a
    /// client that retries a port of that range may end up connected to itself.
    /// </summary>
    public static int Free()
    {
        while (true)
        {
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, Random.Shared.Next(20_000, 32_000));
                listener.Start();
                return ((IPEndPoint)listener.LocalEndpoint).Port;
            }
            catch (SocketException)
            {
                // The port is in use.
            }
        }
    }
}
