using System.Text.Json;

namespace Deployments.FunctionalTests.Support;

/// <summary>An operation of the service's OpenAPI document.</summary>
internal sealed record Operation(HttpMethod Method, string Template)
{
    /// <summary>An id that does not exist.</summary>
    public const string NobodysId = "0197f3a0-0000-7000-8000-000000000000";

    /// <summary>All operations of the service's OpenAPI document.</summary>
    public static async Task<IReadOnlyList<Operation>> ListAsync()
    {
        var document = (await TestRun.Service.GetAsync("/openapi/v1.json")).ShouldBeOk().Json;
        return
        [
            .. from path in document.GetProperty("paths").EnumerateObject()
               from method in path.Value.EnumerateObject()
               where method.Value.ValueKind == JsonValueKind.Object
               select new Operation(HttpMethod.Parse(method.Name), path.Name),
        ];
    }

    /// <summary>The path of the operation in a project, with ids that do not exist.</summary>
    public string PathIn(Project project) => Template
        .Replace("{project_id}", project.Id, StringComparison.Ordinal)
        .Replace("{id}", NobodysId, StringComparison.Ordinal)
        .Replace("{server_id}", "a-server", StringComparison.Ordinal);

    public Task<ApiResponse> SendAsync(Project project, params (string Name, string Value)[] headers) => SendAsync(project, TestRun.Service, headers);

    public Task<ApiResponse> SendAsync(Project project, Service service, params (string Name, string Value)[] headers)
    {
        var request = Requests.Make(Method, PathIn(project), headers);
        request.Content = Method == HttpMethod.Post || Method == HttpMethod.Put ? Requests.Body("{}") : null;
        return service.SendAsync(request);
    }

    public override string ToString() => $"{Method} {Template}";
}
