using System.Collections;

namespace Deployments.Api.Options;

/// <summary>The settings that are read from some sections, by the types that they are bound to.</summary>
internal sealed class KnownSettings
{
    private const string First = "0";

    private readonly HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> sections = new(StringComparer.OrdinalIgnoreCase);

    public KnownSettings(params (string Section, Type Type)[] options)
    {
        foreach (var (section, type) in options)
        {
            sections.Add(section.Split(':')[0]);
            Add(section, type);
        }
    }

    /// <summary>The names of all settings; of a list, those of its first entry.</summary>
    public IReadOnlyCollection<string> Names => names;

    /// <summary>The unknown settings in these sections, each with the known name that is nearest to it.</summary>
    public IEnumerable<(string Name, string Nearest)> FindUnknown(IConfiguration configuration) =>
        from section in sections
        from child in configuration.GetSection(section).GetChildren()
        from setting in child.AsEnumerable()
        where setting.Value is not null && !configuration.GetSection(setting.Key).GetChildren().Any() && !IsKnown(setting.Key)
        orderby setting.Key
        select (setting.Key, names.MinBy(name => LevenshteinDistance(name.ToUpperInvariant(), setting.Key.ToUpperInvariant()))!);

    private bool IsKnown(string name) => names.Contains(name) || names.Any(known => IsAnotherEntry(name.Split(':'), known.Split(':')));

    private static bool IsAnotherEntry(string[] name, string[] known) =>
        name.Length == known.Length
        && name.Zip(known).All(part => part.Second == First || part.First.Equals(part.Second, StringComparison.OrdinalIgnoreCase));

    private void Add(string name, Type type)
    {
        if (type == typeof(string) || type.IsValueType)
        {
            names.Add(name);
        }
        else if (type.IsAssignableTo(typeof(IEnumerable)))
        {
            Add($"{name}:{First}", type.GetGenericArguments()[^1]);
        }
        else
        {
            foreach (var property in type.GetProperties().Where(property => property.CanWrite))
            {
                Add($"{name}:{property.Name}", property.PropertyType);
            }
        }
    }

    private static int LevenshteinDistance(string one, string other)
    {
        var previous = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var current = new int[other.Length + 1];
            current[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var replaced = previous[j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1);
                current[j] = Math.Min(replaced, 1 + Math.Min(previous[j], current[j - 1]));
            }

            previous = current;
        }

        return previous[^1];
    }
}
