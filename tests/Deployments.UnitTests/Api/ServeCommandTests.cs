using System.Diagnostics.CodeAnalysis;
using Deployments.Api.Commands;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

public class ServeCommandTests
{
    [Test]
    public async Task Service_that_is_stopped_during_its_start_exits_with_0()
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production", ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["urls"] = "http://127.0.0.1:0",
            ["ConnectionStrings:Deployments"] = "Host=127.0.0.1;Port=1",
            ["Authentication:Schemes:Bearer:Authority"] = "https://127.0.0.1:1",
            ["Authentication:Schemes:Bearer:ValidAudience"] = "deployments",
            ["Logging:Console:FormatterName"] = "json",
        });
        builder.Services.AddHostedService<Stop>();

        (await ServeCommand.Create(builder).Parse([]).InvokeAsync(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null })).ShouldBe(0);
    }

    [SuppressMessage("Performance", "CA1812", Justification = "Created by the container.")]
    private sealed class Stop(IHostApplicationLifetime lifetime) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            lifetime.StopApplication();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
