using Deployments.Api.Options;
using Deployments.Application.Retention;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public class RetentionOptionsTests
{
    [Test]
    public void By_default_nothing_is_deleted()
    {
        var settings = new ServiceOptions();
        var options = new RetentionOptions
        {
            Days = settings.RetainDays,
            PerServer = settings.RetainPerServer,
            UnusedConfigDays = settings.RetainUnusedConfigDays,
        };

        options.At(DateTimeOffset.UtcNow).ShouldBeNull();
    }
}
