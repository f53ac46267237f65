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
    public void Each_request_has_one_handler_that_can_be_made(Type request)
    {
        using var provider = UseCases.Build();
        using var scope = provider.CreateScope();
        var answer = request.GetInterfaces().Single(IsRequest).GetGenericArguments()[0];

        var handlers = scope.ServiceProvider.GetServices(typeof(IRequestHandler<,>).MakeGenericType(request, answer));

        handlers.Count().ShouldBe(1);
    }

    [Test]
    public async Task A_request_that_breaks_rules_ends_before_its_handler_with_all_of_them()
    {
        using var provider = UseCases.Build();
        using var scope = provider.CreateScope();
        var mediator = scope.ServiceProvider.GetRequiredService<IMediator>();
        var command = new CreateDeploymentCommand(UseCases.Caller, new NewDeployment { ConfigId = " ", Status = "DONE" });

        var refusal = await Should.ThrowAsync<InvalidRequestException>(() => mediator.Send(command));

        refusal.Errors.Keys.ShouldBe(["config_id", "server_id", "status"], ignoreOrder: true);
    }

    [Test]
    public async Task A_request_that_breaks_no_rule_comes_to_its_handler()
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
