using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Deployments.Benchmarks;

/// <summary>The published service, as a process of its own in Production.</summary>
internal sealed class Service : IAsyncDisposable
{
    // Not all of the environment: OTEL_TRACES_SAMPLER, DOTNET_* and Logging__* are how something else is measured on purpose.
    private static readonly string[] OthersSettings = ["Authentication__", "ConnectionStrings__", "Deployments__", "OTEL_EXPORTER_"];

    private readonly Process process;

    private Service(Process process, Uri address)
    {
        this.process = process;
        Address = address;
        Client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 1024 }) { BaseAddress = address, Timeout = TimeSpan.FromMinutes(10) };
    }

    public int ProcessId => process.Id;

    public Uri Address { get; }

    public HttpClient Client { get; }

    /// <summary>The memory that the process holds, in MiB.</summary>
    public double MemoryMiB
    {
        get
        {
            var line = File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
        }
    }

    /// <param name="program">The program to run, and its arguments.</param>
    /// <param name="settings">Its environment.</param>
    public static async Task<Service> StartAsync(string[] program, IEnumerable<(string Name, string Value)> settings)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var address = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        listener.Stop();

        var start = new ProcessStartInfo("dotnet", program) { RedirectStandardOutput = true };
        foreach (var name in start.Environment.Keys.Where(name => OthersSettings.Any(name.StartsWith)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        start.Environment["ASPNETCORE_URLS"] = address.ToString();
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;

        // Its log is part of what it does, and is read as a log collector would read it.
        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);

        var service = new Service(process, address);
        while (!await service.IsReadyAsync())
        {
            await Task.Delay(100);
        }

        return service;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await Client.GetAsync(new Uri("/healthz/ready", UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException) when (!process.HasExited)
        {
            return false;
        }
    }
}
