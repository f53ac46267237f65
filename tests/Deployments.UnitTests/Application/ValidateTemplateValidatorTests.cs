using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareConfigs;
using Deployments.Application.Templates;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public class ValidateTemplateValidatorTests
{
    [Test]
    public void A_template_may_have_no_resources() =>
        Failures([]).ShouldBeEmpty();

    [Test]
    public void Resources_that_are_valid_configs_are_taken() =>
        Failures(
            ("a", Config(new NewConfig())),
            ("b", Config(new NewConfig { Name = "name", Inputs = [new NewConfigInput { Name = "in" }] }))).ShouldBeEmpty();

    [TestCase("OS::Heat::SoftwareDeployment", "OS::Heat::SoftwareDeployment")]
    [TestCase("os::heat::softwareconfig", "os::heat::softwareconfig")]
    [TestCase("", "")]
    [TestCase(null, "(none)")]
    public void Any_other_type_of_resource_is_refused_by_name(string? type, string named) =>
        Failures(("a", new TemplateResource(type, Properties: null))).ShouldBe(
            [
                ("template.resources.a.type",
                    $"template.resources.a.type must be OS::Heat::SoftwareConfig; the type {named} is not known here."),
            ]);

    [Test]
    public void A_property_is_held_to_the_rules_of_a_config_and_told_by_its_whole_path() =>
        Failures(("a", Config(new NewConfig { Name = new string('x', 256), Inputs = [new NewConfigInput()] }))).ShouldBe(
            [
                ("template.resources.a.properties.name", "template.resources.a.properties.name must have at most 255 characters."),
                ("template.resources.a.properties.inputs[0].name", "template.resources.a.properties.inputs[0].name is required."),
            ],
            ignoreOrder: true);

    [TestCase("inputs[1].name")]
    [TestCase("{PropertyName} {PropertyPath} {0}")]
    public void A_caller_is_told_their_own_words_as_they_sent_them(string words)
    {
        var inputs = Enumerable.Repeat<NewConfigInput?>(new() { Name = words }, 2).ToList();

        Failures(("a", Config(new NewConfig { Inputs = inputs })), ("b", new TemplateResource(words, Properties: null))).ShouldBe(
            [
                ("template.resources.a.properties.inputs[1].name",
                    $"template.resources.a.properties.inputs[1].name stands in the list already: {words}."),
                ("template.resources.b.type",
                    $"template.resources.b.type must be OS::Heat::SoftwareConfig; the type {words} is not known here."),
            ]);
    }

    [Test]
    public void Every_resource_at_fault_is_told() =>
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
    public void Of_a_thousand_resources_at_fault_no_more_are_told_than_a_caller_is_shown() =>
        Failures([.. Enumerable.Range(0, 1_000).Select(number => ($"{number}", new TemplateResource(null, Properties: null)))])
            .Count.ShouldBe(InvalidRequestException.MaxErrors);

    private static TemplateResource Config(NewConfig config) => new(TemplateResource.SoftwareConfig, config);

    private static IReadOnlyList<(string Field, string Message)> Failures(params (string Name, TemplateResource Resource)[] resources) =>
        UseCases.Failures(new ValidateTemplateQuery(
            Description: null, resources.ToDictionary(resource => resource.Name, resource => resource.Resource)));
}
