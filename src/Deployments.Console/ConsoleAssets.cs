using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Deployments.WebConsole;

/// <summary>The console's stylesheet and its script, which follows the changes.</summary>
internal static class ConsoleAssets
{
    private const string ImmutableForAYear = "public, max-age=31536000, immutable";

    private static readonly Asset Style = Read("console.css", "text/css; charset=utf-8");
    private static readonly Asset Script = Read("console.js", "text/javascript; charset=utf-8");

    /// <summary>The path of the stylesheet under the console's; another with each version of it.</summary>
    public static string StylePath => Style.Path;

    /// <summary>The path of the script.</summary>
    public static string ScriptPath => Script.Path;

    public static void MapAssets(this IEndpointRouteBuilder console)
    {
        foreach (var asset in new[] { Style, Script })
        {
            console.MapGet(asset.Path, (HttpContext context) =>
            {
                context.Response.Headers.CacheControl = ImmutableForAYear;
                return Results.Bytes(asset.Content, asset.Type, entityTag: new EntityTagHeaderValue($"\"{asset.Hash}\""));
            });
        }
    }

    private static Asset Read(string name, string type)
    {
        using var resource = typeof(ConsoleAssets).Assembly.GetManifestResourceStream(name)!;
        var content = new byte[resource.Length];
        resource.ReadExactly(content);
        return new Asset(name, type, content, Convert.ToHexStringLower(SHA256.HashData(content))[..16]);
    }

    private sealed record Asset(string Name, string Type, byte[] Content, string Hash)
    {
        public string Path => $"assets/{Hash}/{Name}";
    }
}
