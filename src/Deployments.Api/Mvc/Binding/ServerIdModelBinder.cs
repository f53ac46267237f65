using System.Text;
using System.Text.RegularExpressions;
using Deployments.Application.Common.Errors;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace Deployments.Api.Mvc.Binding;

/// <summary>
/// Binds the rest of a path to a server id. Clients send a slash in it raw or encoded, which the server decodes differently, so the id is
/// decoded once from the path as it was sent.
/// </summary>
internal sealed partial class ServerIdModelBinder : IModelBinder
{
    public const string Parameter = "server_id";

    public Task BindModelAsync(ModelBindingContext bindingContext)
    {
        var id = Path().Match(bindingContext.HttpContext.Request.RawPath()) is { Success: true } path
            ? Encoding.UTF8.GetString(PercentEncoding.DecodeToBytes(path.Groups["id"].Value))
            : bindingContext.ActionContext.RouteData.Values[Parameter] as string ?? string.Empty;
        if (id.Length == 0)
        {
            throw new NotFoundException("This path does not exist.");
        }

        bindingContext.Result = ModelBindingResult.Success(id);
        return Task.CompletedTask;
    }

    // From the project on, which may have the name of another segment.
    [GeneratedRegex("/v1/[^/]+/(software_deployments/metadata|agents)/(?<id>.*)", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex Path();
}
