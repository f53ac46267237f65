namespace Deployments.Api.Mvc;

/// <summary>The paths in responses, from that of the request.</summary>
internal static class RequestPaths
{
    /// <summary>The path of the request, encoded segment by segment: ASP.NET Core would treat a percent sign in a project id as already encoded.</summary>
    public static string GetEncodedPath(this HttpRequest request) =>
        string.Join('/', request.Path.Value!.Split('/').Select(Uri.EscapeDataString));

    /// <summary>The path of an item of the collection that the request was sent to.</summary>
    public static string GetPathOfItem(this HttpRequest request, Guid id) =>
        $"{request.PathBase.ToUriComponent()}{request.GetEncodedPath().TrimEnd('/')}/{id}";
}
