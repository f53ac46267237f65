using System.Globalization;
using Deployments.Application.Common.Validation;
using FluentValidation;
using FluentValidation.Validators;
using NJsonSchema;

namespace Deployments.Api.OpenApi;

/// <summary>Translates the limits of a validator to JSON Schema.</summary>
internal static class ValidatorLimits
{
    /// <summary>The rules of a validator, including dependent rules.</summary>
    public static IEnumerable<IValidationRule> AllRules(this IValidator validator) => Flatten(validator.CreateDescriptor().Rules);

    public static void Limit(this JsonSchema schema, IValidationRule rule)
    {
        var limited = IsForItems(rule) ? schema.Item! : schema;
        foreach (var validator in rule.Components.Select(component => component.Validator))
        {
            limited.Limit(validator);
        }
    }

    public static void Require(this JsonSchema schema)
    {
        schema.IsNullableRaw = null;
        if (schema is JsonSchemaProperty property)
        {
            property.IsRequired = true;
        }
    }

    private static void Limit(this JsonSchema schema, IPropertyValidator validator)
    {
        if (validator is INotNullValidator or INotEmptyValidator)
        {
            schema.Require();
        }

        if (validator is INotEmptyValidator)
        {
            schema.LimitLength(1, 0);
        }

        if (validator is ILengthValidator length)
        {
            schema.LimitLength(length.Min, length.Max);
        }

        if (validator is IRegularExpressionValidator text)
        {
            schema.Pattern = text.Expression;
        }

        if (validator is IBetweenValidator range)
        {
            schema.Minimum = Convert.ToDecimal(range.From, CultureInfo.InvariantCulture);
            schema.Maximum = Convert.ToDecimal(range.To, CultureInfo.InvariantCulture);
        }

        if (validator is IOneOfValidator choice)
        {
            foreach (var name in choice.Names)
            {
                schema.Enumeration.Add(name);
            }
        }
    }

    private static void LimitLength(this JsonSchema schema, int min, int max)
    {
        if (schema.Type.HasFlag(JsonObjectType.Array))
        {
            schema.MinItems = Math.Max(min, schema.MinItems);
            schema.MaxItems = Math.Max(max, schema.MaxItems);
        }
        else
        {
            schema.MinLength = min > 0 ? min : schema.MinLength;
            schema.MaxLength = max > 0 ? max : schema.MaxLength;
        }
    }

    private static IEnumerable<IValidationRule> Flatten(IEnumerable<IValidationRule>? rules) =>
        (rules ?? []).SelectMany(rule => Flatten(rule.DependentRules).Prepend(rule));

    private static bool IsForItems(IValidationRule rule) => rule.GetType().GetInterfaces()
        .Any(contract => contract.IsGenericType && contract.GetGenericTypeDefinition() == typeof(ICollectionRule<,>));
}
