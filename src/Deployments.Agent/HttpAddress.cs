namespace Deployments.Agent;

internal static class HttpAddress
{
    /// <returns>The address; null if the text is not an absolute http or https URL.</returns>
    public static Uri? TryParse(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps)
            ? address
            : null;
}
