using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Shouldly;

namespace Deployments.TestSupport;

/// <summary>A complete response.</summary>
internal sealed partial record ApiResponse(HttpStatusCode Status, IReadOnlyDictionary<string, string> Headers, string Text)
{
    public const string RequestIdHeader = "X-Openstack-Request-Id";

    // Values that callers choose may be 64 levels deep, inside other objects.
    private const int MaxDepth = 72;

    private static readonly string[] ErrorMembers = ["type", "title", "status", "detail", "instance", "code", "explanation", "error"];

    public JsonElement Json => JsonElement.Parse(Text, new JsonDocumentOptions { MaxDepth = MaxDepth });

    public string RequestId => Headers[RequestIdHeader];

    /// <summary>The deployment in a successful response.</summary>
    public JsonElement Deployment => ShouldBeOk().Json.GetProperty("software_deployment");

    /// <summary>The id of the deployment or the configuration in a successful response.</summary>
    public string Id => ShouldBeOk().Json.EnumerateObject().Single().Value.GetProperty("id").GetString()!;

    /// <summary>The configuration in a successful response.</summary>
    public JsonElement Config => ShouldBeOk().Json.GetProperty("software_config");

    /// <summary>What a successful response lists: its first member.</summary>
    public IReadOnlyList<JsonElement> Items => [.. ShouldBeOk().Json.EnumerateObject().First().Value.EnumerateArray()];

    /// <summary>The ids of what it lists.</summary>
    public IReadOnlyList<string> Ids => [.. Items.Select(item => item.GetProperty("id").GetString()!)];

    /// <summary>The address of the list's next page, by the body and the header, which must agree; null on the last page.</summary>
    public string? Next
    {
        get
        {
            var links = ShouldBeOk().Json.EnumerateObject().Where(member => member.Name.EndsWith("_links", StringComparison.Ordinal)).ToList();
            if (links.Count == 0)
            {
                Headers.ShouldNotContainKey("Link");
                return null;
            }

            var list = Json.EnumerateObject().First().Name;
            links.Select(member => member.Name).ShouldBe(
                list == "software_configs" ? ["software_configs_links", "software_config_links"] : [$"{list}_links"]);
            links.ShouldAllBe(member => member.Value.GetRawText() == links[0].Value.GetRawText());
            var link = links[0].Value.EnumerateArray().ShouldHaveSingleItem();
            link.EnumerateObject().Select(member => member.Name).ShouldBe(["rel", "href"], ignoreOrder: true);
            link.GetProperty("rel").GetString().ShouldBe("next");
            var href = link.GetProperty("href").GetString()!;
            Headers["Link"].ShouldBe($"<{href}>; rel=\"next\"");
            return href;
        }
    }

    public string EntityTag => Headers["ETag"];

    public static async Task<ApiResponse> ReadAsync(HttpResponseMessage response) => new(
        response.StatusCode,
        response.Headers.Concat(response.Content.Headers)
            .ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase),
        await response.Content.ReadAsStringAsync());

    public ApiResponse ShouldBeOk()
    {
        Status.ShouldBe(HttpStatusCode.OK, Text);
        return this;
    }

    public ApiResponse ShouldBeGone()
    {
        Status.ShouldBe(HttpStatusCode.NoContent, Text);
        Text.ShouldBeEmpty();
        Headers.ShouldNotContainKey("Content-Type");
        return this;
    }

    /// <summary>Checks the whole error body; the fields are exactly those with errors.</summary>
    public ApiResponse ShouldBeError(HttpStatusCode status, params string[] fields)
    {
        Status.ShouldBe(status, Text);
        Headers["Content-Type"].ShouldBeOneOf("application/json", "application/problem+json");
        RequestId.ShouldMatch(RequestIdForm().ToString());

        var (type, title) = Names(status);
        var detail = Json.GetProperty("detail").GetString()!;
        detail.ShouldNotBeNullOrWhiteSpace();
        detail.ShouldNotContain("System."); // no type names
        Json.EnumerateObject().Select(member => member.Name)
            .ShouldBe(fields is [] ? ErrorMembers : [.. ErrorMembers, "errors"], ignoreOrder: true);
        Json.GetProperty("type").GetString().ShouldBe($"urn:deployments:error:{type}");
        Json.GetProperty("title").GetString().ShouldBe(title);
        Json.GetProperty("status").GetInt32().ShouldBe((int)status);
        Json.GetProperty("instance").GetString().ShouldBe(RequestId);
        Json.GetProperty("code").GetInt32().ShouldBe((int)status);
        Json.GetProperty("explanation").GetString().ShouldBe(detail);
        Json.GetProperty("error").GetRawText().ShouldBe($$"""{"type":"{{type}}","message":{{Json.GetProperty("detail").GetRawText()}},"traceback":null}""");

        if (fields is not [])
        {
            var errors = Json.GetProperty("errors").EnumerateObject().ToDictionary(
                field => field.Name, field => field.Value.EnumerateArray().Select(message => message.GetString()!).ToList());
            errors.Keys.ShouldBe(fields, ignoreOrder: true);
            foreach (var (field, messages) in errors)
            {
                messages.ShouldNotBeEmpty();
                messages.ShouldAllBe(message => message.Contains(field) && detail.Contains(message));
            }
        }

        return this;
    }

    public ApiResponse ShouldBeUnauthorized()
    {
        ShouldBeError(HttpStatusCode.Unauthorized);
        Headers["WWW-Authenticate"].ShouldStartWith("Bearer ");
        return this;
    }

    [GeneratedRegex("^req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    public static partial Regex RequestIdForm();

    private static (string Type, string Title) Names(HttpStatusCode status) => (int)status switch
    {
        400 => ("invalid", "Bad Request"),
        401 => ("unauthorized", "Unauthorized"),
        403 => ("forbidden", "Forbidden"),
        404 => ("not_found", "Not Found"),
        405 => ("method_not_allowed", "Method Not Allowed"),
        406 => ("not_acceptable", "Not Acceptable"),
        408 => ("request_timeout", "Request Timeout"),
        409 => ("conflict", "Conflict"),
        410 => ("gone", "Gone"),
        412 => ("precondition_failed", "Precondition Failed"),
        413 => ("body_too_large", "Payload Too Large"),
        415 => ("unsupported_media_type", "Unsupported Media Type"),
        429 => ("too_many_requests", "Too Many Requests"),
        500 => ("internal", "Internal Server Error"),
        503 => ("unavailable", "Service Unavailable"),
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "The contract has no such error."),
    };
}
