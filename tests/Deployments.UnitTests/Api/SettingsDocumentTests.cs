using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Deployments.Api.Options;
using Deployments.Infrastructure.Postgres;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

/// <summary>Every setting is documented in docs/operations.md.</summary>
public sealed partial class SettingsDocumentTests
{
    private static readonly string Root = Path.Combine(ThisFolder(), "..", "..", "..");

    [Test]
    public void Every_setting_under_Deployments_and_Authentication_is_documented()
    {
        var names = new KnownSettings(
            (ServiceOptions.Section, typeof(ServiceOptions)),
            (ServiceOptions.Section, typeof(MigrationOptions)),
            (TokenAuthenticationOptions.Section, typeof(TokenAuthenticationOptions))).Names;

        names.ShouldContain("Authentication:Keystone:PublicKeys");
        ShouldBeDocumented(names);
    }

    [Test]
    public void Every_setting_in_the_source_is_documented()
    {
        var named = Directory.GetFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .SelectMany(file => Setting().Matches(File.ReadAllText(file)).Select(match => match.Value))
            .Distinct()
            .ToList();

        named.ShouldContain("OTEL_EXPORTER_OTLP_ENDPOINT");
        ShouldBeDocumented(named);
    }

    private static void ShouldBeDocumented(IEnumerable<string> settings)
    {
        var text = File.ReadAllText(Path.Combine(Root, "docs", "operations.md"));

        settings.Where(setting => !Regex.IsMatch(text, $@"^\| [^|]*`{Regex.Escape(setting)}[:`]", RegexOptions.Multiline)).ShouldBeEmpty();
    }

    private static string ThisFolder([CallerFilePath] string thisFile = "") => Path.GetDirectoryName(thisFile)!;

    // In a string, or at its beginning: "Deployments:Section:Name", OTEL_NAME.
    [GeneratedRegex("""(?<=")((Deployments|Authentication):[A-Za-z:]*[A-Za-z]|OTEL_[A-Z_]+)(?=")""")]
    private static partial Regex Setting();
}
