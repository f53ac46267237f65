using System.Net.Sockets;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public class DatabaseFailureTests
{
    private static IEnumerable<TestCaseData> Failures =>
    [
        Case(new InvalidOperationException("relation does not exist\n\nPOSITION: 13"), "relation does not exist"),
        Case(new InvalidOperationException("likely due to a transient failure", new InvalidOperationException("relation does not exist")), "relation does not exist"),
        Case(new UnavailableException(new TaskCanceledException()), "No response in time."),
        Case(new InvalidOperationException("reading", new TimeoutException()), "No response in time."),
        Case(new IOException("Failed to connect to db:5432", new SocketException((int)SocketError.ConnectionRefused)), "Failed to connect to db:5432 (Connection refused)"),
    ];

    [TestCaseSource(nameof(Failures))]
    public void Describe_returns_one_line_about_the_cause(Exception failure, string description) =>
        DatabaseFailure.Describe(failure).ShouldBe(description);

    private static TestCaseData Case(Exception failure, string description) => new TestCaseData(failure, description).SetArgDisplayNames(description);
}
