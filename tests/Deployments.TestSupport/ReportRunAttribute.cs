using System.Diagnostics;
using NUnit.Framework;
using NUnit.Framework.Interfaces;

namespace Deployments.TestSupport;

/// <summary>Reports how far the run of an assembly is, every ten seconds, and how busy the machine was when a test failed.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class ReportRunAttribute : Attribute, ITestAction
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Lock reporting = new();
    private readonly Stopwatch watch = Stopwatch.StartNew();
    private TimeSpan next = Interval;
    private int done;
    private int failed;

    public ActionTargets Targets => ActionTargets.Test;

    public void BeforeTest(ITest test)
    {
        // Only the end of a test is reported.
    }

    public void AfterTest(ITest test)
    {
        var hasFailed = TestContext.CurrentContext.Result.Outcome.Status == TestStatus.Failed;
        if (hasFailed)
        {
            TestContext.Out.WriteLine(BusynessOfTheMachine());
        }

        lock (reporting)
        {
            done++;
            failed += hasFailed ? 1 : 0;
            if (watch.Elapsed > next)
            {
                next = watch.Elapsed + Interval;
                TestContext.Error.WriteLine($"{done} of {Root(test).TestCaseCount} tests after {watch.Elapsed.TotalSeconds:F0} s, {failed} failed");
            }
        }
    }

    private static string BusynessOfTheMachine() => File.Exists("/proc/loadavg")
        ? $"Load average of the machine, with {Environment.ProcessorCount} processors: {File.ReadAllText("/proc/loadavg").TrimEnd()}"
        : $"The machine has {Environment.ProcessorCount} processors.";

    private static ITest Root(ITest test) => test.Parent is { } parent ? Root(parent) : test;
}
