using System.Reflection;
using Deployments.Application.Agents;
using Deployments.Application.ChangeFeed;
using Deployments.Application.Retention;
using Deployments.Application.Servers;
using Deployments.Application.SoftwareConfigs;
using Deployments.Application.SoftwareDeployments;
using MediatR;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using NetArchTest.Rules;
using NUnit.Framework;
using Shouldly;

namespace Deployments.ArchitectureTests;

public class ControllerTests
{
    [Test]
    public void Controllers_depend_on_neither_storage_nor_its_ports()
    {
        var stores = Layers.Application.GetTypes()
            .Where(type => type.IsInterface && type != typeof(IFeedSink) && type != typeof(IAgentAddresses) && !type.Namespace!.StartsWith("Deployments.Application.Common", StringComparison.Ordinal))
            .Select(type => type.FullName!)
            .ToArray();
        stores.ShouldBe(
            [
                typeof(IDeploymentCommands).FullName!, typeof(IDeploymentQueries).FullName!, typeof(IConfigStore).FullName!, typeof(IServerQueries).FullName!,
                typeof(IChangeFeed).FullName!, typeof(IChangeWaiter).FullName!, typeof(IFeedWatch).FullName!, typeof(IDeploymentWatch).FullName!, typeof(IAgentStore).FullName!,
                typeof(IRetention).FullName!,
            ],
            ignoreOrder: true);

        Types.InAssembly(Layers.Api).That().Inherit(typeof(ControllerBase))
            .ShouldAll(types => types.NotHaveDependencyOnAny(
                ["Microsoft.EntityFrameworkCore", "Npgsql", "Deployments.Infrastructure", .. stores]));
    }

    [Test]
    public void Controllers_are_sealed_and_reside_in_Controllers_with_the_suffix_Controller() =>
        Types.InAssembly(Layers.Api).That().Inherit(typeof(ControllerBase))
            .ShouldAll(types => types.BeSealed().And().ResideInNamespace("Deployments.Api.Controllers").And().HaveNameEndingWith("Controller"));

    [TestCaseSource(nameof(Controllers))]
    public void Controller_constructor_takes_only_the_mediator(Type controller)
    {
        var constructor = controller.GetConstructors().ShouldHaveSingleItem();

        constructor.GetParameters().Select(parameter => parameter.ParameterType).ShouldBe([typeof(IMediator)]);
    }

    // Otherwise an action could take what the constructor may not.
    [TestCaseSource(nameof(Actions))]
    public void Action_takes_no_service_but_the_JSON_options(MethodInfo action) =>
        action.GetParameters()
            .Where(parameter => parameter.GetCustomAttributes().Any(attribute => attribute is IFromServiceMetadata or FromKeyedServicesAttribute))
            .ShouldAllBe(parameter => parameter.ParameterType == typeof(IOptions<JsonOptions>));

    [TestCaseSource(nameof(Actions))]
    public void Action_takes_a_cancellation_token(MethodInfo action) =>
        action.GetParameters().ShouldContain(parameter => parameter.ParameterType == typeof(CancellationToken));

    // Without a policy any valid token would be accepted, also that of another project.
    [TestCaseSource(nameof(Actions))]
    public void Action_has_an_authorization_policy(MethodInfo action)
    {
        var policies = action.GetCustomAttributes<AuthorizeAttribute>()
            .Concat(action.DeclaringType!.GetCustomAttributes<AuthorizeAttribute>())
            .Select(attribute => attribute.Policy);

        policies.ShouldContain(policy => !string.IsNullOrEmpty(policy));
    }

    [TestCaseSource(nameof(Actions))]
    public void Action_has_one_HTTP_method_and_a_route_name(MethodInfo action) =>
        action.GetCustomAttributes<HttpMethodAttribute>().ShouldHaveSingleItem().Name.ShouldNotBeNullOrEmpty();

    private static List<Type> Controllers()
    {
        var controllers = Layers.Api.GetTypes().Where(type => type.IsAssignableTo(typeof(ControllerBase))).ToList();
        controllers.ShouldNotBeEmpty();
        return controllers;
    }

    private static List<TestCaseData> Actions()
    {
        var actions = Controllers()
            .SelectMany(controller => controller.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly))
            .Select(action => new TestCaseData(action).SetArgDisplayNames($"{action.DeclaringType!.Name}.{action.Name}"))
            .ToList();
        actions.ShouldNotBeEmpty();
        return actions;
    }
}
