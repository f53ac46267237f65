using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using NUnit.Framework;

namespace Deployments.FaultTests.Support;

/// <summary>One instance of the service: a process of its own in Production, which keeps its address through every restart.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    public const string Project = "faults";

    private const string Issuer = "faults";
    private const string Audience = "deployments";

    /// <summary>How long anything that must come about may take before a test gives it up.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan PollingPause = TimeSpan.FromMilliseconds(20);
    private static readonly string[] OthersSettings = ["ASPNETCORE_", "DOTNET_ENVIRONMENT", "Authentication__", "ConnectionStrings__", "Deployments__", "OTEL_"];
    private static readonly byte[] Secret = RandomNumberGenerator.GetBytes(32);

    private readonly string connectionString;
    private Process process = null!;
    private CleanupWatchdog guard = null!;
    private Task logging = Task.CompletedTask;

    private ServiceProcess(string connectionString) => this.connectionString = connectionString;

    public Uri Address { get; } = new($"http://127.0.0.1:{Ports.Free()}");

    /// <summary>The memory that the process holds, in MiB.</summary>
    public double Memory => Processes.MemoryOf(process.Id);

    /// <summary>What the service takes for a member of <see cref="Project"/>.</summary>
    public static string Token { get; } = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
    {
        Issuer = Issuer,
        Audience = Audience,
        Expires = DateTime.UtcNow.AddHours(8),
        Claims = new Dictionary<string, object> { ["sub"] = "rig", ["project_id"] = Project, ["roles"] = new[] { "member" } },
        SigningCredentials = new SigningCredentials(new SymmetricSecurityKey(Secret), SecurityAlgorithms.HmacSha256),
    });

    /// <summary>Starts an instance. Returns when it is ready to serve.</summary>
    public static async Task<ServiceProcess> StartAsync(string connectionString)
    {
        var service = new ServiceProcess(connectionString);
        await service.StartAsync();
        return service;
    }

    /// <summary>Starts the instance again after it was killed or stopped. Returns when it is ready to serve.</summary>
    public async Task StartAsync()
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [Path.Combine(AppContext.BaseDirectory, "Deployments.Api.dll")])
        {
            RedirectStandardOutput = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => OthersSettings.Any(name.StartsWith)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        start.Environment["ASPNETCORE_URLS"] = Address.ToString();
        start.Environment["ConnectionStrings__Deployments"] = connectionString;
        start.Environment["Authentication__Schemes__Bearer__ValidIssuer"] = Issuer;
        start.Environment["Authentication__Schemes__Bearer__ValidAudiences__0"] = Audience;
        start.Environment["Authentication__Schemes__Bearer__SigningKeys__0__Issuer"] = Issuer;
        start.Environment["Authentication__Schemes__Bearer__SigningKeys__0__Value"] = Convert.ToBase64String(Secret);
        start.Environment["Logging__LogLevel__Default"] = "Warning";

        process = Process.Start(start)!;
        guard = new CleanupWatchdog("""kill -9 "$1" """, $"{process.Id}");
        logging = LogAsync(process.StandardOutput.BaseStream);

        using var client = new HttpClient { BaseAddress = Address };
        for (var waited = Stopwatch.StartNew(); !await IsReadyAsync(client); await Task.Delay(PollingPause))
        {
            if (process.HasExited || waited.Elapsed > Patience)
            {
                throw new InvalidOperationException("The service did not become ready.");
            }
        }
    }

    /// <summary>Watches the memory that the process holds.</summary>
    /// <param name="time">How long.</param>
    /// <returns>The most that it held, in MiB.</returns>
    public async Task<double> MostMemoryAsync(TimeSpan time)
    {
        var most = 0.0;
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < time; await Task.Delay(PollingPause))
        {
            most = Math.Max(most, Memory);
        }

        return most;
    }

    /// <summary>Ends the process as a lack of memory, or an impatient operator, would.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await EndAsync();
    }

    /// <summary>Asks the process to end, as orchestrators do.</summary>
    /// <returns>Its exit code.</returns>
    public Task<int> StopAsync()
    {
        Processes.Send(Signal.Terminate, process.Id);
        return EndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            await KillAsync();
        }

        process.Dispose();
    }

    private async Task<int> EndAsync()
    {
        await process.WaitForExitAsync().WaitAsync(Patience);
        await logging;
        guard.Dispose();
        return process.ExitCode;
    }

    /// <summary>Leaves the service's warnings and errors where somebody who wonders can read them.</summary>
    private static async Task LogAsync(Stream output)
    {
        var folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "logs"));
        var name = $"{TestContext.CurrentContext.Test.MethodName}-{Guid.CreateVersion7()}.log";
        await using var file = File.Create(Path.Combine(folder.FullName, name));
        await output.CopyToAsync(file);
    }

    private static async Task<bool> IsReadyAsync(HttpClient client)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri("/healthz/ready", UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
