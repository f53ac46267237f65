using System.Security.Cryptography;
using Deployments.Api.Options;
using Microsoft.IdentityModel.Tokens;

namespace Deployments.Api.Authentication.KeySources;

/// <summary>
/// The public keys in a folder of PEM files, read again every few seconds so that keys can be rotated without a restart. Then a file that cannot
/// be read is skipped, a folder that cannot be read keeps its keys, and the log says so. It names every key that is added or removed.
/// </summary>
internal sealed partial class PublicKeyFolder : IDisposable
{
    private const int MinRsaBits = 2048;
    private const int MaxFileKibibytes = 64;
    private const string P256 = "1.2.840.10045.3.1.7";
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(10);

    private readonly string setting;
    private readonly string folder;
    private readonly ILogger logger;
    private readonly ITimer timer;
    private Content content;
    private string? unreadableReason;

    /// <exception cref="InvalidConfigurationException">There is no key, or a file is not a public key of a supported kind.</exception>
    public PublicKeyFolder(string setting, string folder, TimeProvider clock, ILogger logger)
    {
        (this.setting, this.folder, this.logger) = (setting, folder, logger);

        var files = Directory.Exists(folder) ? Files() : [];
        if (files.Count == 0)
        {
            throw new InvalidConfigurationException($"{setting} is {folder}, which contains no PEM file.");
        }

        content = new Content(Version: 1, files, [.. files.Select(ReadPublicKey)]);
        LogDifference([], content.Keys);
        timer = clock.CreateTimer(_ => Refresh(), state: null, RefreshInterval, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The keys in the folder.</summary>
    public IEnumerable<SecurityKey> Keys => Volatile.Read(ref content).Keys.Select(key => key.Key);

    /// <summary>Changes when the keys do.</summary>
    public int Version => Volatile.Read(ref content).Version;

    public void Dispose() => timer.Dispose();

    private void Refresh()
    {
        try
        {
            // Compares contents and not dates: a file may be a link whose target is replaced.
            var files = Files();
            unreadableReason = null;
            if (!files.SequenceEqual(content.Files))
            {
                var before = content;
                Volatile.Write(ref content, new Content(before.Version + 1, files, [.. files.Select(TryRead).OfType<PublicKey>()]));
                LogDifference(before.Keys, content.Keys);
            }
        }
        catch (Exception exception) // on the timer's thread it would end the process
        {
            if (exception.Message != unreadableReason)
            {
                LogUnreadable(setting, exception.Message);
            }

            unreadableReason = exception.Message;
        }
        finally
        {
            timer.Change(RefreshInterval, Timeout.InfiniteTimeSpan);
        }
    }

    private void LogDifference(IReadOnlyList<PublicKey> before, IReadOnlyList<PublicKey> now)
    {
        foreach (var key in before.ExceptBy(now.Select(Identity), Identity))
        {
            LogRemoved(setting, key.Path, key.Fingerprint);
        }

        foreach (var key in now.ExceptBy(before.Select(Identity), Identity))
        {
            LogAdded(setting, key.Path, key.Fingerprint);
        }

        static (string Path, string Fingerprint) Identity(PublicKey key) => (key.Path, key.Fingerprint);
    }

    private List<KeyFile> Files() => [.. Directory.GetFiles(folder, "*.pem").Order(StringComparer.Ordinal).Select(KeyFile.Read)];

    private PublicKey? TryRead(KeyFile file)
    {
        try
        {
            return ReadPublicKey(file);
        }
        catch (InvalidConfigurationException exception)
        {
            LogSkipped(exception.Message);
            return null;
        }
    }

    private PublicKey ReadPublicKey(KeyFile file)
    {
        var pem = file.Text ?? throw new InvalidConfigurationException($"{setting}: {file.Path} cannot be read.");
        if (pem.Length == 0)
        {
            throw new InvalidConfigurationException($"{setting}: {file.Path} cannot be read: it must be a regular file, not empty, of at most {MaxFileKibibytes} KiB.");
        }

        if (pem.Contains("PRIVATE KEY", StringComparison.Ordinal))
        {
            throw new InvalidConfigurationException($"{setting}: {file.Path} holds a private key. This service needs, and should have, only the public key.");
        }

        var rsa = RSA.Create();
        if (ImportsPem(rsa, pem))
        {
            return rsa.KeySize >= MinRsaBits
                ? new PublicKey(file.Path, Fingerprint(rsa), new RsaSecurityKey(rsa))
                : throw new InvalidConfigurationException($"{setting}: the RSA key in {file.Path} has fewer than {MinRsaBits} bits.");
        }

        var ec = ECDsa.Create();
        return ImportsPem(ec, pem) && ec.ExportParameters(includePrivateParameters: false).Curve.Oid is { Value: P256 }
            ? new PublicKey(file.Path, Fingerprint(ec), new ECDsaSecurityKey(ec))
            : throw new InvalidConfigurationException($"{setting}: {file.Path} is neither an RSA public key nor one on the curve P-256, in PEM.");
    }

    private static string Fingerprint(AsymmetricAlgorithm key) => Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));

    private static bool ImportsPem(AsymmetricAlgorithm algorithm, string pem)
    {
        try
        {
            algorithm.ImportFromPem(pem);
            return true;
        }
        catch (Exception exception) when (exception is ArgumentException or CryptographicException)
        {
            return false;
        }
    }

    [LoggerMessage(LogLevel.Information, "{Setting}: the key in {File} is accepted, SHA-256 {Fingerprint}.")]
    private partial void LogAdded(string setting, string file, string fingerprint);

    [LoggerMessage(LogLevel.Information, "{Setting}: the key in {File} is no longer accepted, SHA-256 {Fingerprint}.")]
    private partial void LogRemoved(string setting, string file, string fingerprint);

    [LoggerMessage(LogLevel.Warning, "{Setting}: the folder cannot be read, its keys stay as they are. {Reason}")]
    private partial void LogUnreadable(string setting, string reason);

    [LoggerMessage(LogLevel.Error, "A key is ignored. {Reason}")]
    private partial void LogSkipped(string reason);

    private sealed record Content(int Version, IReadOnlyList<KeyFile> Files, IReadOnlyList<PublicKey> Keys);

    /// <summary>A key; the fingerprint is the SHA-256 of its SubjectPublicKeyInfo in DER.</summary>
    private sealed record PublicKey(string Path, string Fingerprint, SecurityKey Key);

    /// <summary>A file; its text is null if it cannot be read, and empty if it is not to be read.</summary>
    private sealed record KeyFile(string Path, string? Text)
    {
        public static KeyFile Read(string path)
        {
            try
            {
                // What is not a regular file has no length, and reading it may never end.
                var link = new FileInfo(path);
                var length = ((FileInfo?)link.ResolveLinkTarget(returnFinalTarget: true) ?? link).Length;
                return new KeyFile(path, length is > 0 and <= MaxFileKibibytes * 1024 ? File.ReadAllText(path) : string.Empty);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return new KeyFile(path, Text: null);
            }
        }
    }
}
