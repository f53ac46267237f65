using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Deployments.FunctionalTests.Support;

/// <summary>The agent of a server: it has nothing but its address.</summary>
internal sealed record Agent(Service Service, string Address)
{
    public string Id => Address.Split('/')[^2];

    public string Mac => Address.Split('/')[^1];

    public static async Task<Agent> CreateAsync(Project project, string server = "s", Service? service = null)
    {
        var created = (await project.CreateAgentAsync($$"""{"server_id": "{{server}}"}""")).ShouldBeOk();
        return new Agent(service ?? TestRun.Service, created.Json.GetProperty("agent").GetProperty("metadata_url").GetString()!);
    }

    /// <summary>The mac that the service's key gives the fields of an address.</summary>
    public static string Sign(byte[] key, params string[] fields)
    {
        using var text = new MemoryStream();
        foreach (var field in fields.Select(Encoding.UTF8.GetBytes))
        {
            var length = new byte[sizeof(int)];
            BinaryPrimitives.WriteInt32BigEndian(length, field.Length);
            text.Write(length);
            text.Write(field);
        }

        return Base64Url.EncodeToString(HMACSHA256.HashData(key, text.ToArray()));
    }

    /// <summary>The address of a signal, in an item of a document.</summary>
    public static string SignalAddress(JsonElement item) => Input(item, "deploy_signal_id").GetString()!;

    public static JsonElement Input(JsonElement item, string name) =>
        item.GetProperty("inputs").EnumerateArray().Single(input => input.GetProperty("name").GetString() == name).GetProperty("value");

    /// <param name="query">With its question mark, or nothing.</param>
    /// <param name="headers">All of them.</param>
    public Task<ApiResponse> ReadAsync(string query = "", params (string Name, string Value)[] headers) =>
        ReadOnPathAsync(PathOf(Address) + query, headers);

    /// <param name="path">Sent as it is given.</param>
    /// <param name="headers">All of them.</param>
    public Task<ApiResponse> ReadOnPathAsync(string path, params (string Name, string Value)[] headers) =>
        Service.SendAsync(Requests.Make(HttpMethod.Get, Service.Absolute(path), headers));

    /// <summary>Sends a request for the document to another instance.</summary>
    public Task<ApiResponse> ReadOnAsync(Service service, HttpMethod method) => service.SendAsync(Requests.Make(method, PathOf(Address)));

    public async Task<IReadOnlyList<JsonElement>> ReadItemsAsync() => [.. (await ReadAsync()).ShouldBeOk().Json.GetProperty("deployments").EnumerateArray()];

    /// <summary>Reports the outcome of the only run that it has.</summary>
    public async Task<ApiResponse> SignalAsync(string json) => await SignalAsync(SignalAddress((await ReadItemsAsync()).Single()), json);

    public Task<ApiResponse> SignalAsync(string address, string json, HttpMethod? method = null) =>
        SignalAsync(address, Requests.Body(json), method);

    public Task<ApiResponse> SignalAsync(string address, HttpContent? body, HttpMethod? method = null, params (string Name, string Value)[] headers)
    {
        var request = Requests.Make(method ?? HttpMethod.Put, Service.Absolute(PathOf(address)), headers);
        request.Content = body;
        return Service.SendAsync(request);
    }

    /// <summary>The path of an address, whatever its base.</summary>
    public static string PathOf(string address) => address[(address.IndexOf("://", StringComparison.Ordinal) is var scheme && scheme < 0 ? 0 : address.IndexOf('/', scheme + 3))..];
}
