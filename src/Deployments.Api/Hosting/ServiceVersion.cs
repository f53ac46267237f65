using System.Reflection;

namespace Deployments.Api.Hosting;

/// <summary>The version of this program; Directory.Build.props has its number.</summary>
internal static class ServiceVersion
{
    private const int ShortCommit = 7;

    /// <summary>The number and, if the commit is known, <c>+</c> and the commit.</summary>
    public static string Full { get; } =
        typeof(ServiceVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>The number alone.</summary>
    public static string Number { get; } = Full.Split('+')[0];

    /// <summary>The number and the short commit, as words of a sentence.</summary>
    public static string Text { get; } = Full.Split('+') is [var number, { Length: >= ShortCommit } commit]
        ? $"{number} (commit {commit[..ShortCommit]})"
        : Number;
}
