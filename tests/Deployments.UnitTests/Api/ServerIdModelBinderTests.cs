using Deployments.Api.Mvc.Binding;
using Deployments.Application.Common.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Routing;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

public class ServerIdModelBinderTests
{
    [TestCase("/v1/p/software_deployments/metadata/server", "server")]
    [TestCase("/v1/p/software_deployments/metadata/a/b", "a/b")]
    [TestCase("/v1/p/software_deployments/metadata/a%2Fb", "a/b")]
    [TestCase("/v1/p/software_deployments/metadata/a%252Fb", "a%2Fb")]
    [TestCase("/v1/p/software_deployments/metadata//a/", "/a/")]
    [TestCase("/v1/p/software_deployments/metadata/a?b=/metadata/c", "a")]
    [TestCase("/V1/p/Software_Deployments/Metadata/a", "a")]
    [TestCase("/v1/metadata/software_deployments/metadata/a", "a")]
    [TestCase("/v1/software_deployments/software_deployments/metadata/a", "a")]
    [TestCase("/v1/p/software_deployments/metadata/x/software_deployments/metadata/a", "x/software_deployments/metadata/a")]
    [TestCase("/v1/p/agents/a%2Fb/c", "a/b/c")]
    [TestCase("/v1/agents/agents/a", "a")]
    [TestCase("/v1/p/agents/x/agents/a", "x/agents/a")]
    [TestCase("/v1/p/agents/v1/p/software_deployments/metadata/a", "v1/p/software_deployments/metadata/a")]
    [TestCase("/v1/p/software_deployments/metadata/v1/p/agents/a", "v1/p/agents/a")]
    public async Task Bind_decodes_the_rest_of_the_path_once(string target, string id) =>
        (await BindAsync(target)).ShouldBe(id);

    [Test]
    public async Task Bind_uses_the_routed_value_if_the_path_itself_is_encoded() =>
        (await BindAsync("/v1/p/software%5Fdeployments/metadata/server", routed: "server")).ShouldBe("server");

    [Test]
    public async Task Bind_without_a_server_id_throws_NotFoundException() =>
        await Should.ThrowAsync<NotFoundException>(() => BindAsync("/v1/p/software_deployments/metadata/"));

    private static async Task<object?> BindAsync(string target, string? routed = null)
    {
        var http = new DefaultHttpContext();
        http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = target;
        var context = new DefaultModelBindingContext
        {
            ActionContext = new ActionContext
            {
                HttpContext = http,
                RouteData = new RouteData(new RouteValueDictionary { [ServerIdModelBinder.Parameter] = routed }),
            },
        };

        await new ServerIdModelBinder().BindModelAsync(context);

        return context.Result.Model;
    }
}
