using Deployments.WebConsole.SignIn;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.WebConsole;

public sealed class SignInCodesTests
{
    private readonly ManualClock clock = new();

    [Test]
    public void Code_is_good_once()
    {
        var codes = new SignInCodes(clock);
        var code = codes.Create("token");

        codes.Use(code).ShouldBe("token");
        codes.Use(code).ShouldBeNull();
    }

    [TestCase(299, "token")]
    [TestCase(300, null)]
    public void Code_is_good_for_five_minutes(int seconds, string? expected)
    {
        var codes = new SignInCodes(clock);
        var code = codes.Create("token");

        clock.Move(TimeSpan.FromSeconds(seconds));

        codes.Use(code).ShouldBe(expected);
    }

    [Test]
    public void Code_that_was_never_made_is_refused() => new SignInCodes(clock).Use("code").ShouldBeNull();
}
