using System.Net;
using System.Text;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>An invalid body returns 400, names exactly the invalid fields, and stores nothing.</summary>
public sealed class BadBodyTests
{
    private const string Body = "body";

    private static IEnumerable<TestCaseData> BodiesThatAreNoJsonObject =>
    [
        Case("empty", "", Body),
        Case("white space", " \r\n\t", Body),
        Case("byte order mark alone", "\uFEFF", Body),
        Case("two byte order marks", $"\uFEFF\uFEFF{Project.Minimal}", Body),
        Case("not JSON", "config_id=c&server_id=s", Body),
        Case("cut short", """{"config_id": "c", "server_id": "s" """, Body),
        Case("array", $"[{Project.Minimal}]", Body),
        Case("string", "\"text\"", Body),
        Case("number", "1", Body),
        Case("null", "null", Body),
        Case("trailing text", $"{Project.Minimal} x", Body),
        Case("two objects", $"{Project.Minimal}{Project.Minimal}", Body),
        Case("trailing comma", """{"config_id": "c", "server_id": "s",}""", Body),
        Case("comment", """{"config_id": "c", /* why */ "server_id": "s"}""", Body),
        Case("single quotes", "{'config_id': 'c', 'server_id': 's'}", Body),
        Case("NaN", With("input_values", """{"a": NaN}"""), Body),
        Case("bare NUL", With("action", "\"a\0b\""), Body),
        Case("bare line feed in a string", With("action", "\"a\nb\""), Body),
        Case("invalid UTF-8 in a known field", WithInvalidUtf8(With("action", "\"a?b\"")), Body),
        Case("invalid UTF-8 in an unknown field", WithInvalidUtf8(With("unknown", "\"a?b\"")), Body),
        Case("invalid UTF-8 in a name", WithInvalidUtf8("""{"config_id": "c", "server_id": "s", "a?b": 1}"""), Body),
        Case("surrogate in UTF-8", WithInvalidUtf8(With("action", "\"a?b\""), 0xED, 0xA0, 0x80), Body),
    ];

    private static IEnumerable<TestCaseData> DuplicateMembers =>
    [
        Case("known", With("config_id", "\"d\""), "config_id"),
        Case("known, spelled with an escape", With("conf\\u0069g_id", "\"d\""), "config_id"),
        Case("known, equal", With("server_id", "\"s\""), "server_id"),
        Case("unknown", """{"config_id": "c", "server_id": "s", "unknown": 1, "unknown": 1}""", "unknown"),
        Case("inside input_values", With("input_values", """{"a": 1, "b": 2, "a": 3}"""), "input_values.a"),
        Case("deep inside input_values", With("input_values", """{"a": [0, {"b": 2, "b": 3}]}"""), "input_values.a[1].b"),
        Case("inside an unknown field", With("unknown", """{"a": 1, "a": 1}"""), "unknown.a"),
    ];

    private static IEnumerable<TestCaseData> MissingAndBlankFields =>
    [
        Case("neither", "{}", "config_id", "server_id"),
        Case("no config_id", """{"server_id": "s"}""", "config_id"),
        Case("no server_id", """{"config_id": "c"}""", "server_id"),
        Case("both null", """{"config_id": null, "server_id": null}""", "config_id", "server_id"),
        Case("names in another case", """{"Config_Id": "c", "SERVER_ID": "s"}""", "config_id", "server_id"),
        Case("empty", """{"config_id": "", "server_id": ""}""", "config_id", "server_id"),
        Case("blank", """{"config_id": "   ", "server_id": "\t\u3000"}""", "config_id", "server_id"),
    ];

    private static IEnumerable<TestCaseData> WrongTypes =>
    [
        .. from name in new[] { "config_id", "server_id", "action", "status", "status_reason", "stack_user_project_id" }
           from value in new[] { "3", "true", "{}", "[\"a\"]" }
           select Case($"{name} {value}", Replacing(name, value), name),
        .. from value in new[] { "\"text\"", "[1]", "[{}]", "3", "false", "\"{}\"" }
           select Case($"input_values {value}", With("input_values", value), "input_values"),
    ];

    private static IEnumerable<TestCaseData> ValuesOverTheirLimit =>
    [
        .. from name in new[] { "config_id", "server_id", "action" }
           from character in new[] { "a", "é", "\U0001F680" }
           select Case($"{name} {character}", Replacing(name, Quoted(character, 256)), name),
        Case("status_reason", With("status_reason", Quoted("a", 16_385)), "status_reason"),
        Case("status_reason in emoji", With("status_reason", Quoted("\U0001F680", 16_385)), "status_reason"),
        Case("stack_user_project_id", With("stack_user_project_id", Quoted("a", 65)), "stack_user_project_id"),
        Case("65 levels of objects", With("input_values", Nested("""{"a":""", "}", 65)), "input_values"),
        Case("65 levels of lists", With("input_values", $$"""{"a":{{Nested("[", "]", 64)}}}"""), "input_values"),
        Case("100,000 levels of objects", With("input_values", Nested("""{"a":""", "}", 100_000)), "input_values"),
        Case("100,000 levels of lists in an unknown field", With("unknown", Nested("[", "]", 100_000)), "unknown"),
    ];

    private static IEnumerable<TestCaseData> UnknownStatuses =>
        from status in new[] { "complete", "BANANA", "", " COMPLETE", "InProgress", "1", "COMPLETE, FAILED" }
        select Case(status, With("status", $"\"{status}\""), "status");

    private static IEnumerable<TestCaseData> TextThatCannotBeStored =>
        from text in new[] { @"\u0000", @"\ud800", @"\udc00", @"\udc00\ud800", @"\ud83d\ud83d\ude80", @"\ud800\n", @"\ud800\ude00\ud800" }
        from place in new (string Name, string Json, string Field)[]
        {
            ("config_id", Replacing("config_id", $"\"a{text}b\""), "config_id"),
            ("server_id", Replacing("server_id", $"\"a{text}b\""), "server_id"),
            ("action", With("action", $"\"{text}\""), "action"),
            ("status", With("status", $"\"COMPLETE{text}\""), "status"),
            ("status_reason", With("status_reason", $"\"a{text}\""), "status_reason"),
            ("stack_user_project_id", With("stack_user_project_id", $"\"{text}b\""), "stack_user_project_id"),
            ("value in input_values", With("input_values", $$"""{"a": ["", {"b": "{{text}}"}]}"""), "input_values.a[1].b"),
            ("key in input_values", With("input_values", $$"""{"a": {"x{{text}}": 1} }"""), "input_values.a"),
            ("unknown field", With("unknown", $"\"{text}\""), "unknown"),
            ("unknown name", With($"x{text}", "1"), Body),
        }
        select Case($"{text} in {place.Name}", place.Json, place.Field);

    private static IEnumerable<TestCaseData> SeveralBrokenRules =>
    [
        Case(
            "values",
            $$"""
            {"config_id": " ", "action": {{Quoted("a", 256)}}, "status": "BANANA", "status_reason": {{Quoted("a", 16_385)}},
             "stack_user_project_id": {{Quoted("a", 65)}} }
            """,
            "config_id", "server_id", "action", "status", "status_reason", "stack_user_project_id"),
        Case(
            "text",
            """{"config_id": "\u0000", "server_id": "\ud800", "server_id": "s", "unknown": {"a": "\udc00"} }""",
            "config_id", "server_id", "unknown.a"),
    ];

    private static IEnumerable<TestCaseData> LongNamesAndManyErrors
    {
        get
        {
            var name = Repeat("n", 400_000);
            return
            [
                Refused("inputs past all bounds", $$"""{"inputs": [{{Times("{}", 300_000)}}] }""", "inputs", 1),
                Refused("outputs past all bounds", $$"""{"outputs": [{{Times("{}", 300_000)}}] }""", "outputs", 1),
                Refused("a thousand bad inputs", $$"""{"inputs": [{{Times("{}", 1_000)}}] }""", "inputs[0].name", 50),
                Refused("a long unknown member", $$"""{"inputs": [{"name": "a", "{{name}}": 1}] }""", $"inputs[0].{name[..100]}", 1),
                Refused(
                    "many unknown members",
                    $$"""{"outputs": [{"name": "a", {{string.Join(',', Enumerable.Range(0, 60_000).Select(number => $"\"m{number}\":1"))}} }] }""",
                    "outputs[0].m0",
                    50),
                Refused("a long name twice", $$"""{"inputs": [{"name": "{{name}}"}, {"name": "{{name}}"}] }""", "inputs[1].name", 1),
            ];

            static string Times(string element, int count) => string.Join(',', Enumerable.Repeat(element, count));

            static TestCaseData Refused(string what, string config, string first, int errors) =>
                new TestCaseData(config, first, errors).SetArgDisplayNames(what);
        }
    }

    [TestCaseSource(nameof(BodiesThatAreNoJsonObject))]
    [TestCaseSource(nameof(DuplicateMembers))]
    [TestCaseSource(nameof(MissingAndBlankFields))]
    [TestCaseSource(nameof(WrongTypes))]
    [TestCaseSource(nameof(ValuesOverTheirLimit))]
    [TestCaseSource(nameof(UnknownStatuses))]
    [TestCaseSource(nameof(TextThatCannotBeStored))]
    [TestCaseSource(nameof(SeveralBrokenRules))]
    public async Task Create_deployment_with_an_invalid_body_returns_400_and_stores_nothing(byte[] body, string[] fields)
    {
        var project = new Project();

        var response = await project.CreateAsync(Requests.Body(body, Requests.Json));

        response.ShouldBeError(HttpStatusCode.BadRequest, fields);
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [Test]
    public async Task Create_deployment_without_a_body_returns_400_for_every_content_type([Values(null, "application/json", "text/plain")] string? contentType)
    {
        var project = new Project();

        var response = await project.CreateAsync(contentType is null ? null : Requests.Body([], contentType));

        response.ShouldBeError(HttpStatusCode.BadRequest, Body);
        (await project.CountStoredAsync()).ShouldBe(0);
    }

    [Test]
    public async Task Create_deployment_without_config_id_returns_400_with_a_readable_detail()
    {
        var response = await new Project().CreateAsync("""{"server_id": "s"}""");

        response.ShouldBeError(HttpStatusCode.BadRequest, "config_id").Json.GetProperty("detail").GetString()
            .ShouldBe("config_id is required.");
    }

    /// <summary>With 100,000 errors that each quote a name of hundreds of kilobytes, the response would have gigabytes.</summary>
    [TestCaseSource(nameof(LongNamesAndManyErrors))]
    public async Task Create_config_and_validate_template_with_long_names_or_many_errors_return_400_with_a_small_body(string config, string field, int errors)
    {
        var resource = Repeat("r", 200);
        var project = new Project();

        var refused = await project.CreateConfigAsync(config);
        var template = await project.ValidateAsync(
            $$$"""{"template": {"resources": {"{{{resource}}}": {"type": "OS::Heat::SoftwareConfig", "properties": {{{config}}} } } } }""");

        ShouldBeSmall(refused, field, errors);
        ShouldBeSmall(template, $"template.resources.{resource[..100]}.properties.{field}", errors);
        (await project.CountStoredConfigsAsync()).ShouldBe(0);
    }

    [TestCase("{}", ".type")]
    [TestCase("null", "")]
    [TestCase("""{"type": 3}""", ".type")]
    [TestCase("""{"type": "OS::Heat::SoftwareConfig", "properties": []}""", ".properties")]
    [TestCase("""{"type": "OS::Heat::SoftwareConfig", "properties": {"name": 3} }""", ".properties.name")]
    [TestCase("""{"type": "type"}""", ".type")]
    public async Task Validate_template_with_a_long_resource_name_returns_400_with_a_small_body(string resource, string field)
    {
        var name = Repeat("r", 400_000);

        var response = await new Project().ValidateAsync(
            $$"""{"template": {"resources": {"{{name}}": {{resource.Replace("\"type\"}", $"\"{name}\"}}", StringComparison.Ordinal)}} } } }""");

        ShouldBeSmall(response, $"template.resources.{name[..100]}{field}", errors: 1);
    }

    [Test]
    public async Task Validate_template_with_50000_invalid_resources_returns_400_with_the_first_50_errors()
    {
        var resources = Enumerable.Range(0, 50_000).Select(number => $$"""  "r{{number}}": {}""");

        var response = await new Project().ValidateAsync($$"""{"template": {"resources": { {{string.Join(',', resources)}} } } }""");

        ShouldBeSmall(response, "template.resources.r0.type", errors: 50);
    }

    private static void ShouldBeSmall(ApiResponse response, string field, int errors)
    {
        response.Status.ShouldBe(HttpStatusCode.BadRequest);
        response.Text.Length.ShouldBeLessThan(100_000);
        var fields = response.Json.GetProperty("errors").EnumerateObject().Select(error => error.Name).ToArray();
        response.ShouldBeError(HttpStatusCode.BadRequest, fields);
        fields.Length.ShouldBe(errors);
        fields[0].ShouldBe(field);
    }

    private static TestCaseData Case(string name, string body, params string[] fields) => Case(name, Encoding.UTF8.GetBytes(body), fields);

    private static TestCaseData Case(string name, byte[] body, params string[] fields) =>
        new TestCaseData(body, fields).SetArgDisplayNames(name.Length == 0 ? "empty" : name.Replace('\\', '/'));

    /// <summary>A valid body with one more member.</summary>
    private static string With(string name, string value) => $$"""{"config_id": "c", "server_id": "s", "{{name}}": {{value}} }""";

    /// <summary>A valid body in which the member has the given value.</summary>
    private static string Replacing(string name, string value)
    {
        var members = new Dictionary<string, string> { ["config_id"] = "\"c\"", ["server_id"] = "\"s\"", [name] = value };
        return $"{{{string.Join(", ", members.Select(member => $"\"{member.Key}\": {member.Value}"))}}}";
    }

    /// <summary>The text in UTF-8 with its question mark replaced by the given bytes.</summary>
    private static byte[] WithInvalidUtf8(string text, params byte[] bytes) =>
        [.. Encoding.UTF8.GetBytes(text).SelectMany(given => given == '?' ? bytes is [] ? [(byte)0xFF] : bytes : [given])];

    private static string Quoted(string character, int times) => $"\"{Repeat(character, times)}\"";

    private static string Nested(string open, string close, int levels) =>
        Repeat(open, levels - 1) + (open[0] == '[' ? "[]" : "{}") + Repeat(close, levels - 1);

    private static string Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times));
}
