using System.Diagnostics;
using System.Net;
using System.Reflection;
using System.Security.Cryptography;
using Deployments.Application.Common;
using Deployments.Infrastructure.ChangeFeed;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Deployments.FunctionalTests.Support;

/// <summary>The real service on a real loopback socket, in Production unless its settings say otherwise.</summary>
internal sealed class Service : IAsyncDisposable
{
    /// <summary>How long a test waits for an event before it fails.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    /// <summary>The key of agents' addresses, unless the settings have others, or an empty list of them.</summary>
    public static readonly byte[] AgentKey = RandomNumberGenerator.GetBytes(32);

    private static readonly TimeSpan PollingInterval = TimeSpan.FromMilliseconds(20);

    private readonly Factory factory;

    private Service(Factory factory)
    {
        this.factory = factory;
        var addresses = factory.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Address = new Uri(addresses.Single());
        Http = new HttpClient(new DocumentedHandler()) { BaseAddress = Address };
    }

    /// <summary>The version of the program, with its commit.</summary>
    public static string Version { get; } =
        typeof(Program).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    public Uri Address { get; }

    public HttpClient Http { get; }

    public Log Log => factory.Log;

    /// <summary>How many requests it holds until something changes.</summary>
    public int Waiting => factory.Services.GetRequiredService<ChangeHub>().Count;

    public IHostApplicationLifetime Lifetime => factory.Services.GetRequiredService<IHostApplicationLifetime>();

    private static Dictionary<string, string> Usual { get; } = new()
    {
        ["environment"] = Environments.Production,

        // Not as UseKestrel's port, which the factory sets while the program may already be starting.
        [WebHostDefaults.ServerUrlsKey] = "http://127.0.0.1:0",
        ["Authentication:Schemes:Bearer:ValidIssuer"] = Token.TrustedIssuer,
        ["Authentication:Schemes:Bearer:ValidAudiences:0"] = Token.OurAudience,
    };

    /// <summary>Starts a service and returns as soon as it listens.</summary>
    /// <param name="connectionString">Its database.</param>
    /// <param name="settings">Added to the default settings, overriding them; <see cref="Token.SigningKeys"/> if null.</param>
    /// <param name="changeBudgets">Makes its time budgets shorter than those of <see cref="PatientService"/>.</param>
    public static async Task<Service> StartAsync(
        string connectionString, IReadOnlyDictionary<string, string>? settings = null, Action<TimeBudgets>? changeBudgets = null)
    {
        var all = new Dictionary<string, string>(Usual) { ["ConnectionStrings:Deployments"] = connectionString };
        foreach (var (key, value) in settings ?? Token.SigningKeys)
        {
            all[key] = value;
        }

        if (!all.Keys.Any(key => key.StartsWith("Deployments:AgentKeys", StringComparison.Ordinal)))
        {
            all["Deployments:AgentKeys:0"] = Convert.ToBase64String(AgentKey);
        }

        var factory = new Factory(all, changeBudgets);
        factory.UseKestrel();
        await Task.Run(factory.StartServer);
        return new Service(factory);
    }

    /// <summary>Starts a service and returns once it is ready to serve.</summary>
    public static async Task<Service> StartReadyAsync(
        string connectionString, IReadOnlyDictionary<string, string>? settings = null, Action<TimeBudgets>? changeBudgets = null)
    {
        var service = await StartAsync(connectionString, settings, changeBudgets);
        await service.WaitUntilReadyAsync();
        return service;
    }

    public async Task WaitUntilReadyAsync()
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(PollingInterval))
        {
            using var response = await Http.GetAsync(new Uri("/healthz/ready", UriKind.Relative));
            if (response.StatusCode == HttpStatusCode.OK)
            {
                return;
            }

            if (waited.Elapsed > Timeout)
            {
                throw new TimeoutException($"The service did not become ready: {await response.Content.ReadAsStringAsync()}");
            }
        }
    }

    /// <summary>Lets requests that wait for the database fail soon, until the result is disposed.</summary>
    public IDisposable ShortenBudgets() => new ShortBudgets(factory.Services.GetRequiredService<IOptions<TimeBudgets>>().Value);

    /// <summary>An address on this service whose path and query are sent unchanged, including dot segments and slashes.</summary>
    /// <param name="path">From the root, or absolute.</param>
    public Uri Absolute(string path) => new(
        path.StartsWith('/') ? $"{Address.GetLeftPart(UriPartial.Authority)}{path}" : path,
        new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

    public async Task<ApiResponse> SendAsync(HttpRequestMessage request)
    {
        using var response = await Http.SendAsync(request);
        return await ApiResponse.ReadAsync(response);
    }

    public Task<ApiResponse> GetAsync(string path, params (string Name, string Value)[] headers) =>
        SendAsync(Requests.Make(HttpMethod.Get, path, headers));

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await factory.DisposeAsync();
    }

    private sealed class ShortBudgets : IDisposable
    {
        private static readonly TimeSpan Short = TimeSpan.FromSeconds(1);

        private readonly TimeBudgets budgets;
        private readonly (TimeSpan Request, TimeSpan HealthCheck) former;

        public ShortBudgets(TimeBudgets budgets)
        {
            this.budgets = budgets;
            former = (budgets.Request, budgets.HealthCheck);
            (budgets.Request, budgets.HealthCheck) = (Short, Short);
        }

        public void Dispose() => (budgets.Request, budgets.HealthCheck) = former;
    }

    private sealed class Factory(IReadOnlyDictionary<string, string> settings, Action<TimeBudgets>? changeBudgets) : WebApplicationFactory<Program>
    {
        public Log Log { get; } = new();

        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            foreach (var (key, value) in settings)
            {
                builder.UseSetting(key, value);
            }

            builder.ConfigureServices(PatientService.Configure);
            builder.ConfigureServices(services => services.Configure<TimeBudgets>(budgets => changeBudgets?.Invoke(budgets)));
            builder.ConfigureLogging(logging => logging.ClearProviders().AddProvider(Log));
        }
    }
}
