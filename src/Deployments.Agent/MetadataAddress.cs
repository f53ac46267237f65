using System.Text.Json;

namespace Deployments.Agent;

/// <summary>The address that the last document named, and the one that the agent had been given then.</summary>
internal sealed record FollowedAddress(string GivenUrl, string MetadataUrl);

/// <summary>
/// The server's address. Each document names the one to use from then on, so that the service can replace the keys that sign addresses.
/// It is kept for the next start, unless the agent is given another one then.
/// </summary>
internal sealed class MetadataAddress
{
    private readonly Uri given;
    private readonly string file;
    private readonly Action<string> log;
    private Uri? followed;

    public MetadataAddress(Uri given, string stateFolder, Action<string> log)
    {
        this.given = given;
        this.log = log;
        file = Path.Combine(stateFolder, "metadata-url.json");
        followed = Read();
        Current = followed ?? given;
    }

    public Uri Current { get; private set; }

    /// <summary>Uses the other of the two addresses, if there are two.</summary>
    /// <returns>Whether there are.</returns>
    public bool Switch()
    {
        Current = Current == given ? followed ?? given : given;
        return followed is not null;
    }

    /// <summary>Takes the address that a document names.</summary>
    public void Follow(string? text)
    {
        if (HttpAddress.TryParse(text) is not { } address || (address == Current && address == (followed ?? given)))
        {
            return;
        }

        try
        {
            PrivateFiles.Replace(file, JsonSerializer.SerializeToUtf8Bytes(
                new FollowedAddress(given.OriginalString, address.OriginalString), AgentJson.Default.FollowedAddress));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            log($"The new address cannot be stored, and will be asked for again: {exception.Message}");
            return;
        }

        followed = Current = address;
        log("The server has a new address, which is used from now on.");
    }

    private Uri? Read()
    {
        try
        {
            var stored = File.Exists(file) ? JsonSerializer.Deserialize(File.ReadAllBytes(file), AgentJson.Default.FollowedAddress) : null;
            return stored?.GivenUrl == given.OriginalString ? HttpAddress.TryParse(stored.MetadataUrl) : null;
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            log($"The stored address cannot be read; the given one is used: {exception.GetType().Name}");
            return null;
        }
    }
}
