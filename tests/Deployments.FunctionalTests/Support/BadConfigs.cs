using NUnit.Framework;

namespace Deployments.FunctionalTests.Support;

/// <summary>Invalid configs, and the fields with errors. Every operation that takes a config rejects them.</summary>
internal static class BadConfigs
{
    public static IEnumerable<TestCaseData> All =>
    [
        .. from name in new[] { "name", "group" }
           from value in new[] { "3", "true", "{}", "[]", Text(256), Text(256, "\U0001F680") }
           select Case($"{name} {Short(value)}", $$"""{"{{name}}": {{value}}}""", name),
        .. from name in new[] { "inputs", "outputs" }
           from bad in new (string Value, string Field)[]
           {
               ("{}", ""),
               ("\"text\"", ""),
               ("3", ""),
               ("[null]", "[0]"),
               ("[\"a\"]", "[0]"),
               ("[[]]", "[0]"),
               ("[3]", "[0]"),
               ("[{}]", "[0].name"),
               ("[{\"name\": null}]", "[0].name"),
               ("[{\"name\": \"\"}]", "[0].name"),
               ("[{\"name\": \" \"}]", "[0].name"),
               ("[{\"name\": 3}]", "[0].name"),
               ("[{\"name\": \"a\", \"description\": 3}]", "[0].description"),
               ("[{\"name\": \"a\", \"type\": 3}]", "[0].type"),
               ("[{\"name\": \"a\", \"type\": \"\"}]", "[0].type"),
               ("[{\"name\": \"a\", \"type\": \"string\"}]", "[0].type"),
               ("[{\"name\": \"a\", \"type\": \"Integer\"}]", "[0].type"),
               ("[{\"name\": \"a\", \"type\": \"0\"}]", "[0].type"),
               ("[{\"name\": \"a\", \"unknown\": null}]", "[0].unknown"),
               ("[{\"name\": \"a\", \"Type\": \"String\"}]", "[0].Type"),
               ("[{\"name\": \"a\"}, {\"name\": \"b\"}, {\"name\": \"a\"}]", "[2].name"),
               ("[{\"name\": \"a\", \"name\": \"b\"}]", "[0].name"),
               ("[{\"name\": \"a\\u0000\"}]", "[0].name"),
           }
           select Case($"{name} {bad.Value}", $$"""{"{{name}}": {{bad.Value}}}""", name + bad.Field),
        .. from bad in new (string Type, string[] Defaults)[]
           {
               ("String", ["1.5", "1e3", "[]", "{}"]),
               ("Number", ["true", "[]", "{}", "\" \"", "\"abc\"", "\"1,000\"", "\"NaN\"", "\"Infinity\"", "\"0x10\"", "\"1 2\""]),
               ("Boolean", ["0", "1", "[]", "{}", "\" \"", "\"yes\"", "\"1\"", "\" true \""]),
               ("CommaDelimitedList", ["3", "true", "{}"]),
           }
           from value in bad.Defaults
           select Case($"{bad.Type} default {value}", Input($$""" "type": "{{bad.Type}}", "default": {{value}} """), "inputs[0].default"),
        .. from value in new[] { "\"maybe\"", "\"\"", "\" true\"", "1" }
           from bad in new[] { (Input($"\"replace_on_change\": {value}"), "inputs[0].replace_on_change"), (Output($"\"error_output\": {value}"), "outputs[0].error_output") }
           select Case($"{bad.Item2} {value}", bad.Item1, bad.Item2),
        Case("error_output of an input", Input("\"error_output\": true"), "inputs[0].error_output"),
        Case("default of an output", Output("\"default\": \"a\""), "outputs[0].default"),
        Case("value of an output", Output("\"value\": \"a\""), "outputs[0].value"),
        Case("replace_on_change of an output", Output("\"replace_on_change\": true"), "outputs[0].replace_on_change"),
        .. from value in new[] { "[1]", "[{}]", "\"text\"", "3", "true" }
           select Case($"options {value}", $$"""{"options": {{value}}}""", "options"),
        Case("config of 65 levels", $$"""{"config": {{Requests.Nested(65)}}}""", "config"),
        Case("options of 65 levels", $$"""{"options": {{Requests.Nested(65)}}}""", "options"),
        Case("duplicate member", """{"name": "a", "name": "a"}""", "name"),
        Case("duplicate in config", """{"config": {"a": 1, "a": 1} }""", "config.a"),
        Case("NUL in config", """{"config": "\u0000"}""", "config"),
        Case("lone surrogate in options", """{"options": {"a": "\ud800"} }""", "options.a"),
        Case(
            "several",
            $$"""
            {"name": {{Text(256)}}, "group": {{Text(256)}},
             "inputs": [{"name": "a", "type": "x", "default": 3, "foo": 1, "bar": 2}, null, {"type": "Number", "default": "x"}, {"name": "a"}],
             "outputs": [{"name": " ", "type": "x"}, {"name": "o", "foo": 1}, {"name": "o"}]}
            """,
            "name", "group", "inputs[0].type", "inputs[0].foo", "inputs[0].bar", "inputs[1]", "inputs[2].name", "inputs[2].default",
            "inputs[3].name", "outputs[0].name", "outputs[0].type", "outputs[1].foo", "outputs[2].name"),
    ];

    private static TestCaseData Case(string name, string json, params string[] fields) =>
        new TestCaseData(json, fields).SetArgDisplayNames(name.Replace('\\', '/'));

    private static string Input(string members) => $$"""{"inputs": [{"name": "a", {{members}}}]}""";

    private static string Output(string members) => $$"""{"outputs": [{"name": "a", {{members}}}]}""";

    private static string Text(int length, string character = "a") => $"\"{string.Concat(Enumerable.Repeat(character, length))}\"";

    private static string Short(string text) => text[..Math.Min(text.Length, 10)];
}
