using System.Globalization;
using System.Reflection;

namespace Deployments.ArchitectureTests;

/// <summary>The public API of an assembly as text: a type or a member a line, sorted.</summary>
internal static class PublicApi
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static IReadOnlyList<string> Describe(Assembly assembly) =>
        [.. assembly.GetExportedTypes().SelectMany(DescribeType).Order(StringComparer.Ordinal)];

    private static IEnumerable<string> DescribeType(Type type)
    {
        var name = NameOf(type);
        var kind = (type.IsInterface, type.IsEnum, type.IsValueType, type.IsAbstract, type.IsSealed) switch
        {
            (IsInterface: true, _, _, _, _) => "interface",
            (_, IsEnum: true, _, _, _) => "enum",
            (_, _, IsValueType: true, _, _) => "struct",
            (_, _, _, IsAbstract: true, IsSealed: true) => "static class",
            (_, _, _, IsAbstract: true, _) => "abstract class",
            (_, _, _, _, IsSealed: true) => "sealed class",
            _ => "class",
        };
        var bases = type.IsEnum ? [] : new[] { type.BaseType }.Where(parent => parent is not null && parent != typeof(object)).Concat(type.GetInterfaces()).Select(parent => NameOf(parent!));
        yield return $"{name}: {string.Join(", ", bases.Order(StringComparer.Ordinal).Prepend(kind))}";
        foreach (var member in type.GetMembers(Declared))
        {
            if (DescribeMember(member) is { } text)
            {
                yield return $"{name}.{text}";
            }
        }
    }

    private static string? DescribeMember(MemberInfo member) => member switch
    {
        FieldInfo { IsLiteral: true, DeclaringType.IsEnum: true } value => string.Create(CultureInfo.InvariantCulture, $"{value.Name} = {value.GetRawConstantValue()}"),
        FieldInfo { IsSpecialName: false } field when IsVisible(field) => $"{field.Name}: {(field.IsStatic ? "static " : "")}{NameOf(field)}",
        PropertyInfo property when property.GetAccessors(nonPublic: true).Any(IsVisible) =>
            $"{property.Name}: {(property.IsDefined(typeof(System.Runtime.CompilerServices.RequiredMemberAttribute)) ? "required " : "")}{NameOf(property)} {{ {Accessor(property.GetMethod, "get; ")}{Accessor(property.SetMethod, "set; ")}}}",
        ConstructorInfo constructor when IsVisible(constructor) => $"{Access(constructor)}new({Parameters(constructor)})",
        MethodInfo { IsSpecialName: false } method when IsVisible(method) =>
            $"{method.Name}{(method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(NameOf))}>" : "")}({Parameters(method)}): {Access(method)}{(method.IsStatic ? "static " : method is { IsVirtual: true, IsFinal: false, IsAbstract: false } ? "virtual " : "")}{NameOf(method.ReturnParameter)}",
        _ => null,
    };

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsVisible(FieldInfo field) => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly;

    private static string Access(MethodBase method) => method.IsPublic ? "" : "protected ";

    private static string Accessor(MethodInfo? accessor, string text) => accessor is not null && IsVisible(accessor) ? Access(accessor) + text : "";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
        (parameter.Position == 0 && method.IsDefined(typeof(System.Runtime.CompilerServices.ExtensionAttribute)) ? "this " : "")
        + $"{NameOf(parameter)} {parameter.Name}"
        + (parameter.HasDefaultValue ? string.Create(CultureInfo.InvariantCulture, $" = {parameter.DefaultValue ?? "default"}") : "")));

    private static string NameOf(ParameterInfo parameter) => NameOf(parameter.ParameterType, new NullabilityInfoContext().Create(parameter));

    private static string NameOf(PropertyInfo property) => NameOf(property.PropertyType, new NullabilityInfoContext().Create(property));

    private static string NameOf(FieldInfo field) => NameOf(field.FieldType, new NullabilityInfoContext().Create(field));

    private static string NameOf(Type type) => NameOf(type, nullability: null);

    private static string NameOf(Type type, NullabilityInfo? nullability)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return $"{NameOf(underlying)}?";
        }

        var name = type.Namespace == "Deployments.Client" || type.IsGenericParameter ? type.Name : $"{type.Namespace}.{type.Name}";
        var arguments = type.GetGenericArguments().Select((argument, index) => NameOf(argument, nullability?.GenericTypeArguments.ElementAtOrDefault(index)));
        return $"{name.Split('`')[0]}{(type.IsGenericType ? $"<{string.Join(", ", arguments)}>" : "")}{(!type.IsValueType && nullability?.ReadState == NullabilityState.Nullable ? "?" : "")}";
    }
}
