namespace Deployments.Domain.SoftwareDeployments;

/// <summary>Which request created a deployment, so that a repetition of that request is recognized.</summary>
/// <param name="Key">The request's idempotency key.</param>
/// <param name="Index">The deployment's place among those that the request created.</param>
/// <param name="RequestHash">A hash of what the request asked for, by which another request with its key is recognized.</param>
public sealed record IdempotencyKey(string Key, int Index, byte[] RequestHash)
{
    public const int MaxLength = 255;

    /// <summary>Whether a key has 1 to 255 visible ASCII characters.</summary>
    public static bool IsValid(string key) =>
        key.Length is >= 1 and <= MaxLength && key.All(character => character is > ' ' and <= '~');
}
