using System.Net;
using System.Net.Sockets;
using System.Text;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>What HTTP itself asks of a request, before the body is looked at, and in which order.</summary>
public sealed class HttpRulesTests
{
    private const int MaxBodyBytes = 1024 * 1024;

    private static IEnumerable<TestCaseData> BodiesByFraming =>
    [
        new TestCaseData((Func<byte[], HttpContent>)(bytes => Requests.Body(bytes, Requests.Json))).SetArgDisplayNames("Content-Length"),
        new TestCaseData((Func<byte[], HttpContent>)Requests.Chunked).SetArgDisplayNames("chunked"),
    ];

    [TestCaseSource(nameof(BodiesByFraming))]
    public async Task A_body_of_1_MiB_is_stored(Func<byte[], HttpContent> frame)
    {
        var answer = await new Project().CreateAsync(frame(BodyOf(MaxBodyBytes)));

        answer.ShouldBeOk();
    }

    [TestCaseSource(nameof(BodiesByFraming))]
    public async Task A_body_of_1_MiB_and_a_byte_is_too_large(Func<byte[], HttpContent> frame)
    {
        var project = new Project();

        var answer = await project.CreateAsync(frame(BodyOf(MaxBodyBytes + 1)));

        answer.ShouldBeError(HttpStatusCode.RequestEntityTooLarge);
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [TestCaseSource(nameof(BodiesByFraming))]
    public async Task A_body_far_too_large_is_answered_all_the_same(Func<byte[], HttpContent> frame)
    {
        var answer = await new Project().CreateAsync(frame(BodyOf(8 * MaxBodyBytes)));

        answer.ShouldBeError(HttpStatusCode.RequestEntityTooLarge);
    }

    [TestCase("no size", "ZZ\r\n{}\r\n0\r\n\r\n")]
    [TestCase("negative", "-1\r\n{}\r\n0\r\n\r\n")]
    [TestCase("beyond every number", "FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n")]
    [TestCase("shorter than it says", "5\r\n{}\r\n0\r\n\r\n")]
    [TestCase("bad after a good one", "2\r\n{}\r\nZZ\r\n\r\n")]
    public async Task A_body_in_broken_chunks_is_invalid(string name, string chunks)
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
        var answer = await reader.ReadToEndAsync().WaitAsync(Service.Timeout);

        answer.ShouldStartWith("HTTP/1.1 400 ", customMessage: name);
        answer.ShouldContain("\"errors\":{\"body\":[\"The body ");
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
    public async Task A_body_of_another_type_is_not_read(string? contentType)
    {
        var project = new Project();

        var answer = await project.CreateAsync(Requests.Body(Encoding.UTF8.GetBytes(Project.Minimal), contentType));

        answer.ShouldBeError(HttpStatusCode.UnsupportedMediaType);
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [TestCase("gzip")]
    [TestCase("br")]
    [TestCase("identity, gzip")]
    public async Task An_encoded_body_is_not_read(string encoding)
    {
        var project = new Project();
        var body = Requests.Body(Project.Minimal);
        body.Headers.TryAddWithoutValidation("Content-Encoding", encoding);

        var answer = await project.CreateAsync(body);

        answer.ShouldBeError(HttpStatusCode.UnsupportedMediaType);
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
    public async Task A_body_of_JSON_in_UTF_8_is_read(string contentType)
    {
        var answer = await new Project().CreateAsync(Requests.Body(Encoding.UTF8.GetBytes(Project.Minimal), contentType));

        answer.ShouldBeOk();
    }

    [TestCase("text/html")]
    [TestCase("application/json;q=0")]
    [TestCase("application/json;q=0, */*")]
    [TestCase("application/*;q=0, */*;q=0.5")]
    [TestCase("*/*;q=0")]
    [TestCase("application/xml, text/*")]
    public async Task A_caller_who_takes_no_JSON_is_refused_before_anything_is_stored(string accept)
    {
        var project = new Project();

        var answer = await project.CreateAsync(Requests.Body(Project.Minimal), ("Accept", accept));

        answer.ShouldBeError(HttpStatusCode.NotAcceptable);
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [TestCase(null)]
    [TestCase("*/*")]
    [TestCase("application/*")]
    [TestCase("application/json")]
    [TestCase("text/html, application/json;q=0.1")]
    [TestCase("application/xml;q=0.9, */*;q=0.8")]
    [TestCase("application/json, application/problem+json")]
    public async Task A_caller_who_takes_JSON_is_answered_in_JSON(string? accept)
    {
        (string, string)[] headers = accept is null ? [] : [("Accept", accept)];

        var answer = await new Project().CreateAsync(Requests.Body(Project.Minimal), headers);

        answer.ShouldBeOk().Headers["Content-Type"].ShouldStartWith("application/json");
    }

    [TestCase("application/json, application/problem+json", "application/problem+json")]
    [TestCase("application/problem+json;q=0.5, */*", "application/problem+json")]
    [TestCase("application/json, application/problem+json;q=0", "application/json")]
    [TestCase("application/json", "application/json")]
    [TestCase("*/*", "application/json")]
    public async Task An_error_is_a_problem_document_to_those_who_name_it(string accept, string contentType)
    {
        var answer = await new Project().CreateAsync(Requests.Body("{}"), ("Accept", accept));

        answer.ShouldBeError(HttpStatusCode.BadRequest, "config_id", "server_id").Headers["Content-Type"].ShouldBe(contentType);
    }

    [Test]
    public async Task A_path_that_needs_no_token_refuses_other_methods_without_one(
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
    public async Task HEAD_without_a_token_is_answered_like_GET_without_a_body([Values("/", "/healthz/live", "/healthz/ready")] string path)
    {
        var get = await TestRun.Service.GetAsync(path);
        var head = await TestRun.Service.SendAsync(Requests.Make(HttpMethod.Head, path));

        head.Status.ShouldBe(get.Status);
        head.Headers["Content-Type"].ShouldBe(get.Headers["Content-Type"]);
        head.Text.ShouldBeEmpty();
    }

    [Test]
    public async Task A_request_id_of_the_known_form_is_kept()
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
    public async Task A_request_id_of_another_form_is_replaced(string given)
    {
        var answer = await new Project().CreateAsync(Requests.Body(Project.Minimal), (ApiResponse.RequestIdHeader, given));

        answer.ShouldBeOk().RequestId.ShouldMatch(ApiResponse.RequestIdForm().ToString());
        answer.RequestId.ShouldNotBe(given);
    }

    /// <summary>Each request breaks the rule it is refused for and, where it can, all that come after it in the contract's order.</summary>
    [Test]
    public async Task Where_several_errors_apply_the_first_of_the_contracts_order_is_told()
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
    public async Task An_invalid_body_is_told_before_what_the_database_would_say()
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
    public async Task A_defect_of_ours_is_told_without_a_word_of_its_inside()
    {
        var answer = await Defect.ProvokeAsync();

        answer.ShouldBeError(HttpStatusCode.InternalServerError);
        answer.Text.ShouldNotContain(Defect.Name);
        answer.Text.ShouldNotContain("software_configs");
        answer.Text.ShouldNotContain("Npgsql");
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
