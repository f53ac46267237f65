using System.Text.Json.Serialization;

namespace Deployments.Api.Mvc;

/// <summary>The versions of the API and their addresses, which OpenStack's clients read first.</summary>
internal static class VersionDocument
{
    private const string Path = "/v1";

    public static void MapVersions(this IEndpointRouteBuilder endpoints)
    {
        string[] allowed = [HttpMethods.Get, HttpMethods.Head];
        endpoints.MapMethods("/", allowed, static (HttpRequest request) => Results.Json(
                new Versions([Describe(request)]), statusCode: StatusCodes.Status300MultipleChoices))
            .AllowAnonymous()
            .ExcludeFromDescription();
        endpoints.MapOtherMethods("/", allowed).AllowAnonymous();

        // The target of the link above. openstacksdk reads it before its first request, and gives up on a 404.
        endpoints.MapGet(Path, static (HttpRequest request) => Results.Json(new OneVersion(Describe(request))))
            .ExcludeFromDescription();
    }

    private static Version Describe(HttpRequest request) => new("v1.0", "CURRENT", [new PageLink
    {
        Rel = "self",
        Href = $"{request.HttpContext.GetBaseAddress()}{Path}/",
    }]);

    private sealed record Versions([property: JsonPropertyName("versions")] IReadOnlyList<Version> All);

    private sealed record OneVersion([property: JsonPropertyName("version")] Version Version);

    private sealed record Version(
        [property: JsonPropertyName("id")] string Id,
        [property: JsonPropertyName("status")] string Status,
        [property: JsonPropertyName("links")] IReadOnlyList<PageLink> Links);
}
