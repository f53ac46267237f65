using System.Text.Json.Serialization;

namespace Deployments.Api.Http;

/// <summary>What OpenStack's clients ask first: which versions there are, and where.</summary>
internal static class VersionDocument
{
    public static void MapVersions(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet("/", static (HttpRequest request) => Results.Json(
            new Versions([new Version("v1.0", "CURRENT", [new PageLink
            {
                Rel = "self",
                Href = $"{request.Scheme}://{request.Host}{request.PathBase}/v1/",
            }])]),
            statusCode: StatusCodes.Status300MultipleChoices))
            .AllowAnonymous()
            .ExcludeFromDescription();

    private sealed record Versions([property: JsonPropertyName("versions")] IReadOnlyList<Version> All);

    private sealed record Version(
        [property: JsonPropertyName("id")] string Id,
        [property: JsonPropertyName("status")] string Status,
        [property: JsonPropertyName("links")] IReadOnlyList<PageLink> Links);
}
