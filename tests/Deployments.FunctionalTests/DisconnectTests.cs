using System.Net.Sockets;
using System.Text;
using Deployments.FunctionalTests.Support;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Clients that leave in the middle of a request are no failure of the service or of its database.</summary>
public sealed class DisconnectTests
{
    [Test]
    public async Task Connection_reset_in_the_middle_of_a_body_is_logged_neither_as_an_error_nor_as_a_warning()
    {
        await using var service = await Service.StartReadyAsync(TestRun.ConnectionString);
        var project = new Project(service);
        var before = service.Log.Lines.Count;

        for (var round = 0; round < 20; round++)
        {
            using var client = await RawHttp.ConnectAsync(service);
            client.LingerState = new LingerOption(enable: true, seconds: 0); // closing sends a reset
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"POST {project.Path} HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: {project.Token}\r\n"
                + $"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{new string(' ', 50_000)}"));
        }

        await service.Log.WaitForAsync(_ => service.Log.Lines.Skip(before).Count(line => line.Values.Values.Contains("POST")) >= 20);
        service.Log.Lines.Skip(before).ShouldAllBe(line => line.Level < LogLevel.Warning);
        (await project.CountStoredAsync()).ShouldBe(0);
    }
}
