using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareConfigs;
using Deployments.Application.Templates;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public class ValidateTemplateValidatorTests
{
    [Test]
    public void Validate_template_without_resources_returns_no_error() =>
        Failures([]).ShouldBeEmpty();

    [Test]
    public void Validate_valid_config_resources_returns_no_error() =>
        Failures(
            ("a", Config(new NewConfig())),
            ("b", Config(new NewConfig { Name = "name", Inputs = [new NewConfigInput { Name = "in" }] }))).ShouldBeEmpty();

    [TestCase("OS::Heat::SoftwareDeployment", "OS::Heat::SoftwareDeployment")]
    [TestCase("os::heat::softwareconfig", "os::heat::softwareconfig")]
    [TestCase("", "")]
    [TestCase(null, "(none)")]
    public void Validate_other_resource_type_returns_an_error_naming_it(string? type, string named) =>
        Failures(("a", new TemplateResource(type, Properties: null))).ShouldBe(
            [
                ("template.resources.a.type",
                    $"template.resources.a.type must be OS::Heat::SoftwareConfig; the type {named} is not supported."),
            ]);

    [Test]
    public void Validate_invalid_config_property_returns_an_error_with_its_full_path() =>
        Failures(("a", Config(new NewConfig { Name = new string('x', 256), Inputs = [new NewConfigInput()] }))).ShouldBe(
            [
                ("template.resources.a.properties.name", "template.resources.a.properties.name must have at most 255 characters."),
                ("template.resources.a.properties.inputs[0].name", "template.resources.a.properties.inputs[0].name is required."),
            ],
            ignoreOrder: true);

    [TestCase("inputs[1].name")]
    [TestCase("{PropertyName} {PropertyPath} {0}")]
    public void Validate_returns_the_callers_text_unchanged_in_errors(string words)
    {
        var inputs = Enumerable.Repeat<NewConfigInput?>(new() { Name = words }, 2).ToList();

        Failures(("a", Config(new NewConfig { Inputs = inputs })), ("b", new TemplateResource(words, Properties: null))).ShouldBe(
            [
                ("template.resources.a.properties.inputs[1].name",
                    $"template.resources.a.properties.inputs[1].name is a duplicate: {words}."),
                ("template.resources.b.type",
                    $"template.resources.b.type must be OS::Heat::SoftwareConfig; the type {words} is not supported."),
            ]);
    }

    [Test]
    public void Validate_invalid_resources_returns_the_errors_of_each() =>
        Failures(
            ("a", new TemplateResource("OS::Nova::Server", Properties: null)),
            ("b", Config(new NewConfig())),
            ("c", Config(new NewConfig { Group = new string('x', 256), Outputs = [null] })),
            ("d", new TemplateResource(null, Properties: null)))
            .Select(failure => failure.Field).ShouldBe(
                [
                    "template.resources.a.type",
                    "template.resources.c.properties.group",
                    "template.resources.c.properties.outputs[0]",
                    "template.resources.d.type",
                ],
                ignoreOrder: true);

    [Test]
    public void Validate_1000_invalid_resources_returns_the_maximum_number_of_errors() =>
        Failures([.. Enumerable.Range(0, 1_000).Select(number => ($"{number}", new TemplateResource(null, Properties: null)))])
            .Count.ShouldBe(InvalidRequestException.MaxErrors);

    private static TemplateResource Config(NewConfig config) => new(TemplateResource.SoftwareConfig, config);

    private static IReadOnlyList<(string Field, string Message)> Failures(params (string Name, TemplateResource Resource)[] resources) =>
        UseCases.Failures(new ValidateTemplateQuery(
            Description: null, resources.ToDictionary(resource => resource.Name, resource => resource.Resource)));
}
