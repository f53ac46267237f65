using System.Text.Json;
using Deployments.Api.OpenApi;
using Deployments.Application;
using Deployments.Application.Common.Validation;
using FluentValidation;
using Microsoft.Extensions.DependencyInjection;
using NJsonSchema;
using NJsonSchema.Generation;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

public class RequestSchemaProcessorTests
{
    // A validator reads the names of its members when it is created.
    [OneTimeSetUp]
    public void NameMembersAsOnTheWire() => new ServiceCollection().AddApplication();

    [TestCase(1)]
    [TestCase(70)]
    public void Schema_has_the_limits_of_the_validator(int limit)
    {
        var properties = SchemaFor(new BodyValidator(limit)).Properties;

        properties["text"].MaxLength.ShouldBe(limit);
        properties["items"].MaxItems.ShouldBe(limit);
        (properties["number"].Minimum, properties["number"].Maximum).ShouldBe((-limit, limit));
    }

    [TestCase("a")]
    [TestCase("b", "c")]
    public void Schema_has_the_values_of_the_validator_and_is_nullable_if_optional(params string[] names)
    {
        var properties = SchemaFor(new BodyValidator(1, names)).Properties;

        properties["optional_choice"].Enumeration.ShouldBe(names);
        properties["optional_choice"].IsNullableRaw.ShouldBe(true);
        properties["required_choice"].Enumeration.ShouldBe(names);
    }

    [Test]
    public void Schema_requires_what_the_validator_requires()
    {
        var schema = SchemaFor(new BodyValidator(1));

        schema.RequiredProperties.ShouldBe(["required_choice", "filled"], ignoreOrder: true);
        schema.Properties["required_choice"].IsNullableRaw.ShouldBeNull();
        schema.Properties["filled"].MinItems.ShouldBe(1);
        schema.Properties["items"].Item!.IsNullableRaw.ShouldBeNull();
        schema.Properties["text"].IsNullableRaw.ShouldBe(true);
    }

    [Test]
    public void Schema_of_required_text_has_a_pattern_for_a_visible_character()
    {
        var text = SchemaFor(new BodyValidator(1)).Properties["required_choice"];

        (text.MinLength, text.Pattern).ShouldBe((1, @"\S"));
    }

    [Test]
    public void Schema_without_a_validator_has_no_limits()
    {
        var schema = SchemaFor(validator: null);

        schema.RequiredProperties.ShouldBeEmpty();
        schema.Properties["text"].MaxLength.ShouldBeNull();
    }

    private static JsonSchema SchemaFor(IValidator<Body>? validator)
    {
        var services = new ServiceCollection();
        if (validator is not null)
        {
            services.AddSingleton(validator);
        }

        using var provider = services.BuildServiceProvider();
        return JsonSchemaGenerator.FromType<Body>(new SystemTextJsonSchemaGeneratorSettings
        {
            SchemaType = SchemaType.OpenApi3,
            SerializerOptions = new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower },
            SchemaProcessors = { new RequestSchemaProcessor(provider) },
        });
    }

    private sealed record Body
    {
        public string? Text { get; init; }

        public int? Number { get; init; }

        public string? OptionalChoice { get; init; }

        public string? RequiredChoice { get; init; }

        public IList<string?>? Items { get; init; }

        public IList<string>? Filled { get; init; }
    }

    private sealed class BodyValidator : AbstractValidator<Body>
    {
        public BodyValidator(int limit, params string[] names)
        {
            RuleFor(body => body.Text).AtMost(limit);
            RuleFor(body => body.Number).InclusiveBetween(-limit, limit);
            RuleFor(body => body.OptionalChoice).IsOneOf(names);
            RuleFor(body => body.RequiredChoice).Required().IsOneOf(names);
            RuleFor(body => body.Filled).NotEmpty();
            RuleFor(body => body.Items)
                .SetValidator(new MaxItemsValidator<Body, string?>(limit, "texts"))
                .DependentRules(() => RuleForEach(body => body.Items).NotNull());
        }
    }
}
