using System.Security.Cryptography;
using Deployments.Api.Options;
using Microsoft.IdentityModel.Tokens;

namespace Deployments.Api.Authentication.KeySources;

/// <summary>
/// The public keys in a folder of PEM files, read again every few seconds so that keys can be rotated without a restart. Then a file that cannot
/// be read is skipped, a folder that cannot be read keeps its keys, and the log says so.
/// </summary>
internal sealed partial class PublicKeyFolder
{
    private const int MinRsaBits = 2048;
    private const string P256 = "1.2.840.10045.3.1.7";
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(10);

    private readonly string setting;
    private readonly string folder;
    private readonly TimeProvider clock;
    private readonly ILogger logger;
    private readonly Lock refreshLock = new();
    private Content content;
    private long refreshedAt;

    /// <exception cref="InvalidConfigurationException">There is no key, or a file is not a public key of a supported kind.</exception>
    public PublicKeyFolder(string setting, string folder, TimeProvider clock, ILogger logger)
    {
        (this.setting, this.folder, this.clock, this.logger) = (setting, folder, clock, logger);

        var files = Directory.Exists(folder) ? Files() : [];
        if (files.Count == 0)
        {
            throw new InvalidConfigurationException($"{setting} is {folder}, which contains no PEM file.");
        }

        content = new Content(Version: 1, files, [.. files.Select(ReadPublicKey)]);
        refreshedAt = clock.GetTimestamp();
    }

    /// <summary>The keys in the folder.</summary>
    public IReadOnlyList<SecurityKey> Keys => RefreshIfStale().Keys;

    /// <summary>Changes when the keys do.</summary>
    public int Version => RefreshIfStale().Version;

    private Content RefreshIfStale()
    {
        if (clock.GetElapsedTime(Volatile.Read(ref refreshedAt)) < RefreshInterval || !refreshLock.TryEnter())
        {
            return Volatile.Read(ref content);
        }

        try
        {
            // Compares contents and not dates: a file may be a link whose target is replaced.
            var files = Files();
            if (!files.SequenceEqual(content.Files))
            {
                Volatile.Write(ref content, new Content(content.Version + 1, files, [.. files.Select(TryRead).OfType<SecurityKey>()]));
                LogChanged(setting, content.Keys.Count);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogUnreadable(setting, exception.Message);
        }
        finally
        {
            Volatile.Write(ref refreshedAt, clock.GetTimestamp());
            refreshLock.Exit();
        }

        return content;
    }

    private List<KeyFile> Files() => [.. Directory.GetFiles(folder, "*.pem").Order(StringComparer.Ordinal).Select(KeyFile.Read)];

    private SecurityKey? TryRead(KeyFile file)
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

    private SecurityKey ReadPublicKey(KeyFile file)
    {
        var pem = file.Text ?? throw new InvalidConfigurationException($"{setting}: {file.Path} cannot be read.");
        if (pem.Contains("PRIVATE KEY", StringComparison.Ordinal))
        {
            throw new InvalidConfigurationException($"{setting}: {file.Path} holds a private key. This service needs, and should have, only the public key.");
        }

        var rsa = RSA.Create();
        if (ImportsPem(rsa, pem))
        {
            return rsa.KeySize >= MinRsaBits
                ? new RsaSecurityKey(rsa)
                : throw new InvalidConfigurationException($"{setting}: the RSA key in {file.Path} has fewer than {MinRsaBits} bits.");
        }

        var ec = ECDsa.Create();
        return ImportsPem(ec, pem) && ec.ExportParameters(includePrivateParameters: false).Curve.Oid is { Value: P256 }
            ? new ECDsaSecurityKey(ec)
            : throw new InvalidConfigurationException($"{setting}: {file.Path} is neither an RSA public key nor one on the curve P-256, in PEM.");
    }

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

    [LoggerMessage(LogLevel.Information, "{Setting}: the folder has changed, keys now: {Count}.")]
    private partial void LogChanged(string setting, int count);

    [LoggerMessage(LogLevel.Warning, "{Setting}: the folder cannot be read, its keys stay as they are. {Reason}")]
    private partial void LogUnreadable(string setting, string reason);

    [LoggerMessage(LogLevel.Error, "A key is ignored. {Reason}")]
    private partial void LogSkipped(string reason);

    private sealed record Content(int Version, IReadOnlyList<KeyFile> Files, IReadOnlyList<SecurityKey> Keys);

    /// <summary>A file; its text is null if it cannot be read.</summary>
    private sealed record KeyFile(string Path, string? Text)
    {
        public static KeyFile Read(string path)
        {
            try
            {
                return new KeyFile(path, File.ReadAllText(path));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return new KeyFile(path, Text: null);
            }
        }
    }
}
