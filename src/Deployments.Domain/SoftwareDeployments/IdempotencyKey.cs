namespace Deployments.Domain.SoftwareDeployments;

/// <summary>The request that created a deployment, so that a retry of it is recognized.</summary>
/// <param name="Key">The request's idempotency key.</param>
/// <param name="Index">The deployment's index among those that the request created.</param>
/// <param name="RequestHash">A hash of the request, by which a different request with the same key is recognized.</param>
public sealed record IdempotencyKey(string Key, int Index, byte[] RequestHash)
{
    public const int MaxLength = 255;

    /// <summary>Whether a key has 1 to 255 visible ASCII characters.</summary>
    public static bool IsValid(string key) =>
        key.Length is >= 1 and <= MaxLength && key.All(character => character is > ' ' and <= '~');
}
