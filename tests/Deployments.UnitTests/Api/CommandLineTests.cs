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
    public void A_command_known_or_not_is_found_with_what_follows_it(string line, string command) =>
        CommandLine.Find(line.Split(' ')).ShouldBe(command.Split(' '));

    [TestCase]
    [TestCase("--environment")]
    [TestCase("--environment", "Production")]
    [TestCase("--environment=Production")]
    [TestCase("--environment", "token")]
    [TestCase("--environment", "Production", "--urls", "openapi")]
    public void Without_a_command_the_program_serves(params string[] args) =>
        CommandLine.Find(args).ShouldBeEmpty();
}
