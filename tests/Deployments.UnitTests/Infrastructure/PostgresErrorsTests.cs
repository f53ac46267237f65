using System.Net.Sockets;
using Deployments.Infrastructure.Postgres;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Infrastructure;

public sealed class PostgresErrorsTests
{
    private static IEnumerable<TestCaseData> Exceptions =>
    [
        Case("socket", new SocketException(), PostgresFailure.Transient),
        Case("broken stream", new NpgsqlException("Exception while reading from stream", new IOException()), PostgresFailure.Transient),
        Case("command timeout", new NpgsqlException("Exception while reading from stream", new TimeoutException()), PostgresFailure.Transient),
        Case("driver without a cause", new NpgsqlException("The connection pool has been exhausted"), PostgresFailure.Transient),
        Case("disposed connection", new ObjectDisposedException("NpgsqlConnection"), PostgresFailure.Transient),
        Case("wrapped by Entity Framework", new InvalidOperationException("outer", new SocketException()), PostgresFailure.Transient),
        Case("invalid cast in the driver", new InvalidCastException("Reading as Int32 is not supported") { Source = "Npgsql" }, PostgresFailure.Defect),
        Case("driver misused", new InvalidOperationException("A command is already in progress") { Source = "Npgsql" }, PostgresFailure.Defect),
        Case("our own bug", new ArithmeticException(), PostgresFailure.Defect),
    ];

    [TestCase("08006", PostgresFailure.Transient)] // connection failure
    [TestCase("08P01", PostgresFailure.Transient)] // protocol violation
    [TestCase("0A000", PostgresFailure.Defect)]
    [TestCase("22021", PostgresFailure.Rejected)] // character not in repertoire
    [TestCase("22P05", PostgresFailure.Rejected)] // untranslatable character
    [TestCase("22003", PostgresFailure.Rejected)]
    [TestCase("23514", PostgresFailure.Rejected)] // check violation
    [TestCase("25006", PostgresFailure.Transient)] // read-only server
    [TestCase("25P02", PostgresFailure.Defect)]
    [TestCase("25P03", PostgresFailure.Transient)] // idle in transaction
    [TestCase("26000", PostgresFailure.Transient)] // prepared statement does not exist
    [TestCase("28P01", PostgresFailure.Transient)]
    [TestCase("3D000", PostgresFailure.Transient)] // database does not exist yet
    [TestCase("40001", PostgresFailure.Transient)]
    [TestCase("40P01", PostgresFailure.Transient)]
    [TestCase("42501", PostgresFailure.Transient)] // missing grant
    [TestCase("42601", PostgresFailure.Defect)] // syntax error
    [TestCase("42703", PostgresFailure.Transient)]
    [TestCase("42P01", PostgresFailure.Transient)]
    [TestCase("42P05", PostgresFailure.Transient)] // prepared statement exists already
    [TestCase("53300", PostgresFailure.Transient)]
    [TestCase("55P03", PostgresFailure.Transient)]
    [TestCase("57P01", PostgresFailure.Transient)]
    [TestCase("58030", PostgresFailure.Transient)]
    [TestCase("P0001", PostgresFailure.Defect)]
    [TestCase("XX000", PostgresFailure.Transient)]
    public void SqlState_is_classified(string state, object expected) =>
        PostgresErrors.Classify(Error(state)).ShouldBe((PostgresFailure)expected);

    [Test]
    public void Statement_prepared_before_a_column_changed_its_type_is_transient() =>
        PostgresErrors.Classify(Error("0A000", "cached plan must not change result type")).ShouldBe(PostgresFailure.Transient);

    [TestCaseSource(nameof(Exceptions))]
    public void Exception_is_classified(Exception exception, object expected) =>
        PostgresErrors.Classify(exception).ShouldBe((PostgresFailure)expected);

    [Test]
    public void Cause_is_found_below_other_exceptions() =>
        PostgresErrors.Classify(new InvalidOperationException("outer", Error("23505"))).ShouldBe(PostgresFailure.Rejected);

    private static PostgresException Error(string state, string message = "message") => new(message, "ERROR", "ERROR", state);

    private static TestCaseData Case(string name, Exception exception, PostgresFailure expected) =>
        new TestCaseData(exception, expected).SetArgDisplayNames(name);
}
