using Deployments.Api.Mvc;
using Deployments.Api.Observability;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

public class LoggedPathTests
{
    [TestCase("/v1/p/software_deployments")]
    [TestCase("/agents")]
    [TestCase("/reagents/a")]
    [TestCase("/favicon.ico")]
    public void Path_without_a_route_is_logged(string path) => LoggedPath.Of(Request(path)).ShouldBe(path);

    [TestCase("/agents/p/a/mac")]
    [TestCase("/AGENTS/p/a/mac")]
    [TestCase("//agents/p/a/mac")]
    [TestCase("/prefix/agents/p/a/mac")]
    [TestCase("/Signals/p/a/d/r/mac")]
    [TestCase("/v1/p/signals/a")]
    [TestCase("/agents%2Fp%2Fa%2Fmac")]
    [TestCase("/prefix%2fsignals%2fp")]
    [TestCase("/prefix%252Fagents%25252fp")]
    public void Path_without_a_route_that_may_be_an_address_is_not_logged(string path) => LoggedPath.Of(Request(path)).ShouldBe("-");

    [Test]
    public void Path_of_an_address_is_logged_as_its_route()
    {
        LoggedPath.Of(Request("/agents/p/a/mac", Route(AgentRoutes.Document, new SecretPathAttribute()))).ShouldBe(AgentRoutes.Document);
        LoggedPath.Of(Request("/anything", Route("/{**rest}", new SecretPathAttribute()))).ShouldBe("/{**rest}");
    }

    [Test]
    public void Path_of_an_address_is_logged_as_its_route_after_an_exception()
    {
        var context = Request("/anything");
        context.Features.Set<IExceptionHandlerFeature>(
            new ExceptionHandlerFeature { Endpoint = Route(AgentRoutes.Signal, new SecretPathAttribute()) });

        LoggedPath.Of(context).ShouldBe(AgentRoutes.Signal);
    }

    [Test]
    public void Path_of_another_route_is_logged() =>
        LoggedPath.Of(Request("/v1/p/agents/a server", Route("/v1/{project_id}/agents/{**server_id}"))).ShouldBe("/base/v1/p/agents/a%20server");

    private static DefaultHttpContext Request(string path, Endpoint? endpoint = null)
    {
        var context = new DefaultHttpContext();
        context.Request.PathBase = endpoint is null ? string.Empty : "/base";
        context.Request.Path = path;
        context.SetEndpoint(endpoint);
        return context;
    }

    private static RouteEndpoint Route(string pattern, params object[] metadata) =>
        new(_ => Task.CompletedTask, RoutePatternFactory.Parse(pattern), order: 0, new EndpointMetadataCollection(metadata), displayName: null);
}
