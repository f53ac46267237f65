using System.Buffers.Text;
using System.Text.Json;

namespace Deployments.WebConsole.SignIn;

/// <summary>What a token says of itself. Nothing is verified here: the API does that with each request.</summary>
/// <param name="Project">The project that it names; null if it names none.</param>
/// <param name="Subject">Whom it is for.</param>
/// <param name="Expires">When it expires.</param>
internal sealed record TokenClaims(string? Project, string Subject, DateTimeOffset Expires)
{
    private static readonly string[] ProjectClaims = ["project_id", "openstack_project_id"];

    /// <returns>Null if it is not a JSON Web Token with an expiry time.</returns>
    public static TokenClaims? Read(string token)
    {
        if (token.Split('.') is not [_, var payload, _])
        {
            return null;
        }

        try
        {
            var claims = JsonElement.Parse(Base64Url.DecodeFromChars(payload));
            return claims.ValueKind == JsonValueKind.Object
                && claims.TryGetProperty("exp", out var expires) && expires.ValueKind == JsonValueKind.Number
                && expires.TryGetDouble(out var seconds) && seconds > 0 && seconds < DateTimeOffset.MaxValue.ToUnixTimeSeconds()
                    ? new TokenClaims(
                        ProjectClaims.Select(name => Text(claims, name)).FirstOrDefault(project => project is not null),
                        Text(claims, "sub") ?? "nobody",
                        DateTimeOffset.FromUnixTimeSeconds((long)seconds))
                    : null;
        }
        catch (Exception exception) when (exception is FormatException or JsonException or InvalidOperationException) // the last: half of a surrogate pair, no UTF-8
        {
            return null;
        }
    }

    private static string? Text(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;
}
