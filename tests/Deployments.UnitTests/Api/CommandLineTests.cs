using Deployments.Api.Commands;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

public class CommandLineTests
{
    [TestCase("token --project demo", "token --project demo")]
    [TestCase("openapi", "openapi")]
    [TestCase("healthcheck", "healthcheck")]
    [TestCase("help", "help")]
    [TestCase("--help", "--help")]
    [TestCase("-h", "-h")]
    [TestCase("--environment Production token --project demo", "token --project demo")]
    [TestCase("--environment Development --help", "--help")]
    [TestCase("--environment Development --urls http://localhost:80 openapi", "openapi")]
    [TestCase("--environment=Production token --project demo", "token --project demo")]
    [TestCase("--environment=Production --urls http://localhost:80 openapi", "openapi")]
    [TestCase("serve openapi", "serve openapi")]
    [TestCase("Token", "Token")]
    [TestCase("--version", "--version")]
    [TestCase("--environment Production migrate --script", "migrate --script")]
    [TestCase("-x=1", "-x=1")]
    [TestCase("--environment token", "--environment token")]
    [TestCase("--environment Production --urls openapi", "--urls openapi")]
    [TestCase("--environment Production -- token", "-- token")]
    public void Find_returns_the_command_and_its_arguments_after_leading_settings(string line, string command) =>
        CommandLine.Find(line.Split(' ')).ShouldBe(command.Split(' '));

    [TestCase]
    [TestCase("--environment")]
    [TestCase("--environment", "Production")]
    [TestCase("--environment=Production")]
    public void Find_without_a_command_returns_nothing(params string[] args) =>
        CommandLine.Find(args).ShouldBeEmpty();
}
