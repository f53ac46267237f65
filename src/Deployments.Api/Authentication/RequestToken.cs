namespace Deployments.Api.Authentication;

/// <summary>Finds the token of a request.</summary>
internal static class RequestToken
{
    private const string OpenStackHeader = "X-Auth-Token";
    private const string BearerPrefix = "Bearer ";

    /// <returns>The token, null without one; and whether there are two that differ.</returns>
    public static (string? Token, bool Differ) Read(HttpRequest request)
    {
        string? token = null;
        var differ = false;
        foreach (var value in request.Headers.Authorization)
        {
            if (value is not null && value.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase))
            {
                Take(value[BearerPrefix.Length..]);
            }
        }

        foreach (var value in request.Headers[OpenStackHeader])
        {
            Take(value ?? string.Empty);
        }

        return (token, differ);

        void Take(string given)
        {
            given = given.Trim();
            differ |= token is not null && token != given;
            token = given;
        }
    }
}
