using Deployments.Api.Options;
using Deployments.WebConsole;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Deployments.Api.Hosting;

/// <summary>Serves the console, where it is enabled.</summary>
internal static class WebConsole
{
    private const string Enabled = $"{ServiceOptions.Section}:{nameof(ServiceOptions.Console)}:{nameof(WebConsoleOptions.Enabled)}";

    /// <param name="builder">The host.</param>
    /// <param name="persistKeys">Keeps the keys of its cookies where all instances find them.</param>
    public static void AddWebConsole(this WebApplicationBuilder builder, Action<IDataProtectionBuilder> persistKeys)
    {
        var keys = builder.Services.AddDataProtection();
        if (!IsEnabled(builder.Configuration, builder.Environment))
        {
            keys.UseEphemeralDataProtectionProvider(); // required by authentication; nothing uses its keys
            return;
        }

        persistKeys(keys);
        builder.Services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = false);
        builder.Services.AddDeploymentsConsole(FindOwnAddress);

        // It reads the keys at start, when there may be no table for them yet; they are read when they are first needed.
        builder.Services.Remove(builder.Services.Single(service => service.ImplementationType?.Name == "DataProtectionHostedService"));
    }

    public static void MapWebConsole(this WebApplication app)
    {
        if (app.HasWebConsole())
        {
            app.MapDeploymentsConsole();
        }
    }

    public static bool HasWebConsole(this WebApplication app) => IsEnabled(app.Configuration, app.Environment);

    private static bool IsEnabled(IConfiguration configuration, IHostEnvironment environment) =>
        configuration.GetValue<bool?>(Enabled) ?? environment.IsDevelopment();

    private static Uri FindOwnAddress(IServiceProvider services) => ListenAddresses.ToLocal(
        services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses
            .Select(BindingAddress.Parse)
            .Where(address => !address.IsUnixPipe)
            .OrderBy(address => address.Scheme == Uri.UriSchemeHttps)
            .First());
}
