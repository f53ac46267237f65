using System.Text;
using Deployments.Application.Common.Errors;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace Deployments.Api.Mvc.Binding;

/// <summary>
/// Binds the rest of a path to a server id. Clients send a slash in it raw or encoded, which the server decodes differently, so the id is
/// decoded once from the path as it was sent.
/// </summary>
internal sealed class ServerIdModelBinder : IModelBinder
{
    public const string Parameter = "server_id";

    // Not just "/metadata/": a project may have that name.
    private const string Before = "/software_deployments/metadata/";

    public Task BindModelAsync(ModelBindingContext bindingContext)
    {
        var path = bindingContext.HttpContext.Request.RawPath();
        var start = path.IndexOf(Before, StringComparison.OrdinalIgnoreCase);
        var id = start < 0
            ? bindingContext.ActionContext.RouteData.Values[Parameter] as string ?? string.Empty
            : Encoding.UTF8.GetString(PercentEncoding.DecodeToBytes(path[(start + Before.Length)..]));
        if (id.Length == 0)
        {
            throw new NotFoundException("This path does not exist.");
        }

        bindingContext.Result = ModelBindingResult.Success(id);
        return Task.CompletedTask;
    }
}
