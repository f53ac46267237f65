using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using NUnit.Framework;

namespace Deployments.FaultTests.Support;

/// <summary>Debian's nginx or HAProxy before two instances, with its configuration in docs/proxies: only ports and files are others.</summary>
internal sealed class ReverseProxy : IAsyncDisposable
{
    public const string Nginx = "nginx";
    public const string HaProxy = "haproxy";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan PollingInterval = TimeSpan.FromMilliseconds(20);
    private static readonly string CertificateText = CreateCertificate();

    private readonly string folder;
    private readonly Process process;
    private readonly CleanupWatchdog watchdog;

    private ReverseProxy(Uri address, string folder, Process process)
    {
        (Address, this.folder, this.process) = (address, folder, process);
        watchdog = new CleanupWatchdog("""kill "$1"; rm -rf "$2" """, $"{process.Id}", folder);
    }

    /// <summary>How a client trusts the proxy's certificate.</summary>
    public static SslClientAuthenticationOptions Trust => new()
    {
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { X509Certificate2.CreateFromPem(CertificateText) },
            RevocationMode = X509RevocationMode.NoCheck,
        },
    };

    public Uri Address { get; }

    /// <summary>All that it has logged, of requests and of errors.</summary>
    public string Log => string.Concat(Directory.GetFiles(folder, "*.log").Select(File.ReadAllText));

    /// <param name="program"><see cref="Nginx"/> or <see cref="HaProxy"/>.</param>
    /// <param name="one">The address of an instance.</param>
    /// <param name="other">The address of the other.</param>
    public static async Task<ReverseProxy> StartAsync(string program, Uri one, Uri other)
    {
        var path = $"/usr/sbin/{program}";
        if (!File.Exists(path))
        {
            Assert.Ignore($"{path} is not installed (Debian: apt-get install nginx-light haproxy).");
        }

        if (!Environment.IsPrivilegedProcess)
        {
            Assert.Ignore($"Only root can start {path} with Debian's folders.");
        }

        var port = Ports.Free();
        var folder = Directory.CreateTempSubdirectory(program).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "deployments.pem"), CertificateText);
        var configuration = Path.Combine(folder, "configuration");
        await File.WriteAllTextAsync(configuration, (await ReadConfigurationAsync(program))
            .Replace("10.0.0.11:8080", one.Authority, StringComparison.Ordinal)
            .Replace("10.0.0.12:8080", other.Authority, StringComparison.Ordinal)
            .Replace("listen 443", $"listen 127.0.0.1:{port}", StringComparison.Ordinal)
            .Replace("bind :443", $"bind 127.0.0.1:{port}", StringComparison.Ordinal)
            .Replace($"/etc/{program}", folder, StringComparison.Ordinal)
            .Replace("/var/log/nginx", folder, StringComparison.Ordinal)
            .Replace("/run/nginx.pid", $"{folder}/pid", StringComparison.Ordinal));
        string[] arguments = program == Nginx ? ["-c", configuration, "-g", "daemon off;"] : ["-db", "-f", configuration];

        // HAProxy logs to its standard output.
        var process = Process.Start("/bin/sh", ["-c", $"exec \"$0\" \"$@\" >{folder}/output.log 2>&1", path, .. arguments]);
        var proxy = new ReverseProxy(new Uri($"https://127.0.0.1:{port}"), folder, process);
        await proxy.WaitUntilItListensAsync();
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            Processes.Send(Signal.Terminate, process.Id); // nginx has children, which it ends
        }

        await process.WaitForExitAsync().WaitAsync(Timeout);
        process.Dispose();
        watchdog.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static Task<string> ReadConfigurationAsync(string program, [CallerFilePath] string thisFile = "") => File.ReadAllTextAsync(
        Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "..", "docs", "proxies", program == Nginx ? "nginx.conf" : "haproxy.cfg"));

    private static string CreateCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=deployments", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    }

    private async Task WaitUntilItListensAsync()
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(PollingInterval))
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, Address.Port);
                return;
            }
            catch (SocketException) when (!process.HasExited && waited.Elapsed < Timeout)
            {
                // It is starting.
            }
            catch (SocketException exception)
            {
                var log = Log;
                await DisposeAsync();
                throw new InvalidOperationException($"The proxy does not listen: {log}", exception);
            }
        }
    }
}
