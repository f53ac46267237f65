using System.Net;
using System.Net.Sockets;
using System.Text;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>HTTP rules checked before the body is validated, and their order.</summary>
public sealed class HttpRulesTests
{
    private const int MaxBodyBytes = 1024 * 1024;

    private static IEnumerable<TestCaseData> BodiesByFraming =>
    [
        new TestCaseData((Func<byte[], HttpContent>)(bytes => Requests.Body(bytes, Requests.Json))).SetArgDisplayNames("Content-Length"),
        new TestCaseData((Func<byte[], HttpContent>)Requests.Chunked).SetArgDisplayNames("chunked"),
    ];

    [TestCaseSource(nameof(BodiesByFraming))]
    public async Task Create_deployment_with_a_body_of_1_MiB_returns_200(Func<byte[], HttpContent> frame)
    {
        var response = await new Project().CreateAsync(frame(BodyOf(MaxBodyBytes)));

        response.ShouldBeOk();
    }

    [TestCaseSource(nameof(BodiesByFraming))]
    public async Task Create_deployment_with_a_body_over_1_MiB_returns_413(Func<byte[], HttpContent> frame)
    {
        var project = new Project();

        var response = await project.CreateAsync(frame(BodyOf(MaxBodyBytes + 1)));

        response.ShouldBeError(HttpStatusCode.RequestEntityTooLarge);
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [TestCaseSource(nameof(BodiesByFraming))]
    public async Task Create_deployment_with_a_body_of_8_MiB_returns_413(Func<byte[], HttpContent> frame)
    {
        var response = await new Project().CreateAsync(frame(BodyOf(8 * MaxBodyBytes)));

        response.ShouldBeError(HttpStatusCode.RequestEntityTooLarge);
    }

    [TestCase("no size", "ZZ\r\n{}\r\n0\r\n\r\n")]
    [TestCase("negative", "-1\r\n{}\r\n0\r\n\r\n")]
    [TestCase("beyond every number", "FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n")]
    [TestCase("shorter than it says", "5\r\n{}\r\n0\r\n\r\n")]
    [TestCase("bad after a good one", "2\r\n{}\r\nZZ\r\n\r\n")]
    public async Task Create_deployment_with_invalid_chunked_encoding_returns_400(string name, string chunks)
    {
        var project = new Project();
        var address = TestRun.Service.Address;
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        await using var stream = client.GetStream();

        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {project.Path} HTTP/1.1\r\nHost: {address.Authority}\r\nX-Auth-Token: {project.Token}\r\n"
            + $"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{chunks}"));
        using var reader = new StreamReader(stream);
        var response = await reader.ReadToEndAsync().WaitAsync(Service.Timeout);

        response.ShouldStartWith("HTTP/1.1 400 ", customMessage: name);
        response.ShouldContain("\"errors\":{\"body\":[\"The body ");
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [TestCase(null)]
    [TestCase("text/plain")]
    [TestCase("text/json")]
    [TestCase("application/x-www-form-urlencoded")]
    [TestCase("multipart/form-data; boundary=x")]
    [TestCase("application/jsonp")]
    [TestCase("application/json; charset=utf-16")]
    [TestCase("application/json; charset=utf16")]
    [TestCase("application/json; charset=utf88")]
    [TestCase("application/json; charset=iso-8859-1")]
    [TestCase("nonsense")]
    public async Task Create_deployment_with_another_content_type_returns_415(string? contentType)
    {
        var project = new Project();

        var response = await project.CreateAsync(Requests.Body(Encoding.UTF8.GetBytes(Project.Minimal), contentType));

        response.ShouldBeError(HttpStatusCode.UnsupportedMediaType);
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [TestCase("gzip")]
    [TestCase("br")]
    [TestCase("identity, gzip")]
    public async Task Create_deployment_with_a_content_encoding_returns_415(string encoding)
    {
        var project = new Project();
        var body = Requests.Body(Project.Minimal);
        body.Headers.TryAddWithoutValidation("Content-Encoding", encoding);

        var response = await project.CreateAsync(body);

        response.ShouldBeError(HttpStatusCode.UnsupportedMediaType);
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [TestCase("application/json")]
    [TestCase("APPLICATION/JSON")]
    [TestCase("application/json; charset=utf-8")]
    [TestCase("application/json;charset=UTF-8")]
    [TestCase("application/json; charset=\"UTF-8\"")]
    [TestCase("application/json; charset=utf8")]
    [TestCase("application/json;charset=UTF8")]
    [TestCase("application/json; charset=\"Utf8\"")]
    public async Task Create_deployment_with_JSON_in_UTF_8_returns_200(string contentType)
    {
        var response = await new Project().CreateAsync(Requests.Body(Encoding.UTF8.GetBytes(Project.Minimal), contentType));

        response.ShouldBeOk();
    }

    [TestCase("text/html")]
    [TestCase("application/json;q=0")]
    [TestCase("application/json;q=0, */*")]
    [TestCase("application/*;q=0, */*;q=0.5")]
    [TestCase("*/*;q=0")]
    [TestCase("application/xml, text/*")]
    public async Task Create_deployment_with_an_accept_header_without_JSON_returns_406_and_stores_nothing(string accept)
    {
        var project = new Project();

        var response = await project.CreateAsync(Requests.Body(Project.Minimal), ("Accept", accept));

        response.ShouldBeError(HttpStatusCode.NotAcceptable);
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [TestCase(null)]
    [TestCase("*/*")]
    [TestCase("application/*")]
    [TestCase("application/json")]
    [TestCase("text/html, application/json;q=0.1")]
    [TestCase("application/xml;q=0.9, */*;q=0.8")]
    [TestCase("application/json, application/problem+json")]
    public async Task Create_deployment_with_an_accept_header_with_JSON_returns_JSON(string? accept)
    {
        (string, string)[] headers = accept is null ? [] : [("Accept", accept)];

        var response = await new Project().CreateAsync(Requests.Body(Project.Minimal), headers);

        response.ShouldBeOk().Headers["Content-Type"].ShouldStartWith("application/json");
    }

    [TestCase("application/json, application/problem+json", "application/problem+json")]
    [TestCase("application/problem+json;q=0.5, */*", "application/problem+json")]
    [TestCase("application/json, application/problem+json;q=0", "application/json")]
    [TestCase("application/json", "application/json")]
    [TestCase("*/*", "application/json")]
    public async Task Error_is_returned_as_problem_json_only_if_the_accept_header_names_it(string accept, string contentType)
    {
        var response = await new Project().CreateAsync(Requests.Body("{}"), ("Accept", accept));

        response.ShouldBeError(HttpStatusCode.BadRequest, "config_id", "server_id").Headers["Content-Type"].ShouldBe(contentType);
    }

    [Test]
    public async Task Other_methods_on_a_path_without_authentication_return_405(
        [Values("/", "/healthz/live", "/healthz/ready", "/healthz/live/", "/HEALTHZ/READY")] string path,
        [Values("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW")] string method)
    {
        var plain = await TestRun.Service.SendAsync(Requests.Make(new HttpMethod(method), path));
        var preflight = await TestRun.Service.SendAsync(Requests.Make(
            new HttpMethod(method), path, ("Origin", "https://console.example.org"), ("Access-Control-Request-Method", "GET")));

        foreach (var response in new[] { plain, preflight })
        {
            response.ShouldBeError(HttpStatusCode.MethodNotAllowed).Headers["Allow"].ShouldBe("GET, HEAD");
        }
    }

    [Test]
    public async Task HEAD_without_a_token_returns_the_status_and_type_of_GET_without_a_body([Values("/", "/healthz/live", "/healthz/ready")] string path)
    {
        var get = await TestRun.Service.GetAsync(path);
        var head = await TestRun.Service.SendAsync(Requests.Make(HttpMethod.Head, path));

        head.Status.ShouldBe(get.Status);
        head.Headers["Content-Type"].ShouldBe(get.Headers["Content-Type"]);
        head.Text.ShouldBeEmpty();
    }

    [Test]
    public async Task Request_id_of_a_valid_format_is_returned()
    {
        var given = $"req-{Guid.NewGuid()}";

        var stored = await new Project().CreateAsync(Requests.Body(Project.Minimal), (ApiResponse.RequestIdHeader, given));
        var refused = await new Project().CreateAsync(Requests.Body("{}"), (ApiResponse.RequestIdHeader, given));

        stored.ShouldBeOk().RequestId.ShouldBe(given);
        refused.ShouldBeError(HttpStatusCode.BadRequest, "config_id", "server_id").RequestId.ShouldBe(given);
    }

    [TestCase("7d6a1a9e-6a5a-4a0e-9f43-2f3b2a1c9d10")]
    [TestCase("req-7d6a1a9e")]
    [TestCase("req-7D6A1A9E-6A5A-4A0E-9F43-2F3B2A1C9D10 or so")]
    [TestCase("<script>")]
    public async Task Request_id_of_an_invalid_format_is_replaced(string given)
    {
        var response = await new Project().CreateAsync(Requests.Body(Project.Minimal), (ApiResponse.RequestIdHeader, given));

        response.ShouldBeOk().RequestId.ShouldMatch(ApiResponse.RequestIdForm().ToString());
        response.RequestId.ShouldNotBe(given);
    }

    /// <summary>Each request violates the rule it is rejected for and, where possible, all later ones in the contract's order.</summary>
    [Test]
    public async Task Request_with_several_errors_returns_the_first_in_the_order_of_the_contract()
    {
        var project = new Project();
        var stranger = new Token("another").ToString();

        (await SendAsync(HttpMethod.Put, "/v1/p/nowhere", "no token")).ShouldBeUnauthorized();
        (await SendAsync(HttpMethod.Put, project.Path, "no token")).ShouldBeUnauthorized();
        (await SendAsync(HttpMethod.Put, "/v1/p/nowhere", stranger)).ShouldBeError(HttpStatusCode.NotFound);
        (await SendAsync(HttpMethod.Put, project.Path, stranger)).ShouldBeError(HttpStatusCode.MethodNotAllowed);
        (await SendAsync(HttpMethod.Post, project.Path, stranger)).ShouldBeError(HttpStatusCode.Forbidden);

        var member = project.Token.ToString();
        (await SendAsync(HttpMethod.Post, project.Path, member)).ShouldBeError(HttpStatusCode.NotAcceptable);
        (await SendAsync(HttpMethod.Post, project.Path, member, accept: "*/*")).ShouldBeError(HttpStatusCode.UnsupportedMediaType);
        (await SendAsync(HttpMethod.Post, project.Path, member, "*/*", Requests.Json)).ShouldBeError(HttpStatusCode.RequestEntityTooLarge);
        (await SendAsync(HttpMethod.Get, $"{project.Path}/{Guid.NewGuid()}", member)).ShouldBeError(HttpStatusCode.NotAcceptable);
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [Test]
    public async Task Invalid_body_returns_400_before_any_error_that_needs_the_database()
    {
        const string key = "Idempotency-Key";
        const string invalid = """{"config_id": "a config", "server_id": "a server", "status": "BANANA"}""";
        var project = new Project();
        var id = (await project.CreateAsync(Project.Minimal, (key, "used"))).Id;

        (await project.UpdateAsync($"{Guid.NewGuid()}", invalid)).ShouldBeError(HttpStatusCode.BadRequest, "status");
        (await project.UpdateAsync(id, invalid, ("If-Match", "\"77\""))).ShouldBeError(HttpStatusCode.BadRequest, "status");
        (await project.CreateAsync(invalid, (key, "used"))).ShouldBeError(HttpStatusCode.BadRequest, "status");
    }

    [Test]
    public async Task Unhandled_exception_returns_500_without_internal_details()
    {
        var response = await Defect.ProvokeAsync();

        response.ShouldBeError(HttpStatusCode.InternalServerError);
        response.Text.ShouldNotContain(Defect.Name);
        response.Text.ShouldNotContain("software_configs");
        response.Text.ShouldNotContain("Npgsql");
    }

    private static Task<ApiResponse> SendAsync(
        HttpMethod method, string path, string token, string accept = "text/html", string contentType = "text/plain")
    {
        var request = Requests.Make(method, path, ("X-Auth-Token", token), ("Accept", accept));
        request.Content = method == HttpMethod.Get ? null : Requests.Body(Encoding.UTF8.GetBytes(new string('x', MaxBodyBytes + 1)), contentType);
        return TestRun.Service.SendAsync(request);
    }

    private static byte[] BodyOf(int bytes)
    {
        const string start = """{"config_id": "c", "server_id": "s", "input_values": {"padding": """;
        const string end = "\"}}";
        return Encoding.UTF8.GetBytes($"{start}\"{new string('x', bytes - start.Length - 1 - end.Length)}{end}");
    }
}
