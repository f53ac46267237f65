using System.Text.Json;
using Deployments.Client;
using Deployments.WebConsole.Pages;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.WebConsole;

public sealed class NewDeploymentFormTests
{
    [TestCase(ConfigValueType.String, "12", "\"12\"")]
    [TestCase(ConfigValueType.Number, "1.50", "1.50")]
    [TestCase(ConfigValueType.Number, "many", "\"many\"")]
    [TestCase(ConfigValueType.Boolean, "true", "true")]
    [TestCase(ConfigValueType.Json, "{\"a\": [1]}", "{\"a\": [1]}")]
    [TestCase(ConfigValueType.Json, "{", "\"{\"")]
    [TestCase(ConfigValueType.CommaDelimitedList, "a,b", "\"a,b\"")]
    public void Value_is_of_the_type_of_its_input_where_it_can_be(ConfigValueType type, string text, string expected)
    {
        var config = Config(type, byDefault: null);

        var values = Read(config, ("servers", "a"), ("input.0", text)).ToBody(config).SoftwareDeployments.ShouldHaveSingleItem().InputValues;

        values.ShouldNotBeNull()["x"].GetRawText().ShouldBe(expected);
    }

    [Test]
    public void Value_that_is_left_as_its_default_is_not_sent()
    {
        var config = Config(ConfigValueType.String, "default");

        Read(config, ("servers", "a"), ("input.0", "default")).ToBody(config).SoftwareDeployments.ShouldHaveSingleItem().InputValues.ShouldBeEmpty();
    }

    [Test]
    public void Servers_are_those_of_the_lines_each_once()
    {
        var config = Config(ConfigValueType.String, "default");

        var body = Read(config, ("servers", " a \r\n\r\nb\r\na\r\n"), ("timeout", "60")).ToBody(config);

        body.SoftwareDeployments.Select(deployment => (deployment.ServerId, deployment.Timeout)).ShouldBe([("a", 60), ("b", 60)]);
    }

    [TestCase("", "", "Enter at least one server.")]
    [TestCase(" \n ", "", "Enter at least one server.")]
    [TestCase("a", "1.5", "The timeout must be a number of seconds.")]
    [TestCase("a", "", null)]
    [TestCase("a", "60", null)]
    public void Form_that_cannot_be_sent_names_its_problem(string servers, string timeout, string? problem) =>
        Read(Config(ConfigValueType.String, null), ("servers", servers), ("timeout", timeout)).FindProblem().ShouldBe(problem);

    [Test]
    public void Form_with_more_servers_than_a_batch_takes_is_a_problem() =>
        Read(Config(ConfigValueType.String, null), ("servers", string.Join('\n', Enumerable.Range(0, 1_001)))).FindProblem().ShouldBe("These are 1001 servers, and at most 1000 are taken at once.");

    private static NewDeploymentForm Read(SoftwareConfig config, params (string Name, string Value)[] fields) => NewDeploymentForm.Read(
        config, new FormCollection(fields.ToDictionary(field => field.Name, field => new Microsoft.Extensions.Primitives.StringValues(field.Value))));

    private static SoftwareConfig Config(ConfigValueType type, string? byDefault) => new()
    {
        Id = Guid.NewGuid(),
        Name = "config",
        Group = "script",
        CreationTime = DateTimeOffset.UnixEpoch,
        Config = default,
        Inputs = [new ConfigInput { Name = "x", Type = type, Default = byDefault is null ? null : JsonSerializer.SerializeToElement(byDefault) }],
        Outputs = [],
        Options = new Dictionary<string, JsonElement>(),
    };
}
