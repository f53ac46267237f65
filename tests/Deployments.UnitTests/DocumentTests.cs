using System.Runtime.CompilerServices;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests;

/// <summary>Documents can be read in a terminal.</summary>
public sealed class DocumentTests
{
    private const int MaxLength = 120;

    private static readonly string Root = Path.GetFullPath(Path.Combine(ThisFolder(), "..", ".."));

    [Test]
    public void Lines_of_documents_have_at_most_120_characters()
    {
        string[] folders = ["docs", "src"];
        var documents = folders
            .SelectMany(folder => Directory.GetFiles(Path.Combine(Root, folder), "*.md", SearchOption.AllDirectories))
            .Concat(Directory.GetFiles(Root, "*.md"))
            .ToList();

        documents.ShouldContain(Path.Combine(Root, "README.md"));
        documents.SelectMany(LongLines).ShouldBeEmpty();
    }

    // Tables and addresses cannot be wrapped, nor the output of a program, which a fence without a language holds.
    private static IEnumerable<string> LongLines(string document)
    {
        var (isFenced, isOutput) = (false, false);
        foreach (var (index, line) in File.ReadAllLines(document).Index())
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                isFenced = !isFenced;
                isOutput = isFenced && line == "```";
            }
            else if (!isOutput && line.Length > MaxLength && !line.TrimStart().StartsWith('|') && !line.Contains("://", StringComparison.Ordinal))
            {
                yield return $"{Path.GetRelativePath(Root, document)}:{index + 1}";
            }
        }
    }

    private static string ThisFolder([CallerFilePath] string thisFile = "") => Path.GetDirectoryName(thisFile)!;
}
