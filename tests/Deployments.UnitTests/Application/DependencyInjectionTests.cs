using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareDeployments;
using MediatR;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public class DependencyInjectionTests
{
    [TestCaseSource(nameof(Requests))]
    public void Each_request_has_exactly_one_handler(Type request)
    {
        using var provider = UseCases.Build();
        using var scope = provider.CreateScope();
        var response = request.GetInterfaces().Single(IsRequest).GetGenericArguments()[0];

        var handlers = scope.ServiceProvider.GetServices(typeof(IRequestHandler<,>).MakeGenericType(request, response));

        handlers.Count().ShouldBe(1);
    }

    [Test]
    public async Task Send_of_an_invalid_request_throws_with_all_errors_before_the_handler()
    {
        using var provider = UseCases.Build();
        using var scope = provider.CreateScope();
        var mediator = scope.ServiceProvider.GetRequiredService<IMediator>();
        var command = new CreateDeploymentCommand(UseCases.Caller, new NewDeployment { ConfigId = " ", Status = "DONE" });

        var exception = await Should.ThrowAsync<InvalidRequestException>(() => mediator.Send(command));

        exception.Errors.Keys.ShouldBe(["config_id", "server_id", "status"], ignoreOrder: true);
    }

    [Test]
    public async Task Send_of_a_valid_request_calls_the_handler()
    {
        using var provider = UseCases.Build();
        using var scope = provider.CreateScope();
        var mediator = scope.ServiceProvider.GetRequiredService<IMediator>();
        var command = new CreateDeploymentCommand(UseCases.Caller, new NewDeployment { ConfigId = "config", ServerId = "server" });

        await Should.ThrowAsync<NotSupportedException>(() => mediator.Send(command));
    }

    private static List<Type> Requests()
    {
        var requests = typeof(CreateDeploymentCommand).Assembly.GetTypes().Where(type => type.GetInterfaces().Any(IsRequest)).ToList();
        requests.ShouldNotBeEmpty();
        return requests;
    }

    private static bool IsRequest(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IRequest<>);
}
