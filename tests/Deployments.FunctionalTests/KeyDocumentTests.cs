using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>The commands in docs/operations.md that make a test key and a token.</summary>
public sealed partial class KeyDocumentTests
{
    [Test]
    public async Task Token_that_the_documented_commands_make_returns_200()
    {
        if (!(Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':').Any(directory => File.Exists(Path.Combine(directory, "openssl"))))
        {
            Assert.Ignore("The program openssl is missing.");
        }

        var folder = Directory.CreateTempSubdirectory("deployments-documented-keys-");
        try
        {
            var token = await RunAsync($"set -e\n{await ReadCommandsAsync()}\nprintf %s \"$TOKEN\"", folder.FullName);
            await using var service = await Service.StartReadyAsync(TestRun.ConnectionString, new Dictionary<string, string>
            {
                ["Authentication:PublicKeys"] = Path.Combine(folder.FullName, "keys"),
                ["Authentication:Schemes:Bearer:ValidIssuer"] = "https://identity.example.org",
                ["Authentication:Schemes:Bearer:ValidAudiences:0"] = "deployments",
            });

            (await new Project(service, "demo").CreateAsAsync(token)).ShouldBeOk();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<string> RunAsync(string script, string folder)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script]) { WorkingDirectory = folder, RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0);
        return output;
    }

    private static async Task<string> ReadCommandsAsync()
    {
        var document = await File.ReadAllTextAsync(Path.Combine(ThisFolder(), "..", "..", "docs", "operations.md"));
        return ShellBlocks().Matches(document).Select(block => block.Groups[1].Value).Single(block => block.Contains("openssl genpkey", StringComparison.Ordinal));
    }

    private static string ThisFolder([CallerFilePath] string thisFile = "") => Path.GetDirectoryName(thisFile)!;

    [GeneratedRegex("^```sh\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex ShellBlocks();
}
