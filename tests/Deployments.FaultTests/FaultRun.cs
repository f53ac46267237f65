using Deployments.DevelopmentDatabase;
using NUnit.Framework;

[assembly: ReportRun]

namespace Deployments.FaultTests;

/// <summary>Each test has servers and instances of its own and a machine to itself: they run one after another.</summary>
[SetUpFixture]
public sealed class FaultRun
{
    [OneTimeSetUp]
    public void RequirePostgresPrograms()
    {
        if (Environment.GetEnvironmentVariable("TEST_DATABASE") == "container")
        {
            Assert.Ignore("The faults need PostgreSQL's programs, not a container.");
        }

        try
        {
            PostgresBinaries.Find();
        }
        catch (InvalidOperationException missing)
        {
            Assert.Ignore(missing.Message);
        }
    }

    /// <summary>Leaves a test's figures in its output, where the gate finds them.</summary>
    internal static void Report(string figures) => TestContext.Out.WriteLine($"Figures of {TestContext.CurrentContext.Test.Name}: {figures}");
}
