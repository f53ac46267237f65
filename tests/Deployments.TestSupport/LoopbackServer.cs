using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Deployments.TestSupport;

/// <summary>Servers that stand in for those that a service depends on.</summary>
internal static class LoopbackServer
{
    /// <summary>A server without routes and without a log, on a free port.</summary>
    public static WebApplication Create()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var server = builder.Build();
        server.Urls.Add("http://127.0.0.1:0");
        return server;
    }
}
