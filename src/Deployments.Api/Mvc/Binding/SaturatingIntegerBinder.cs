using System.Text;
using Deployments.Api.Json;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace Deployments.Api.Mvc.Binding;

/// <summary>Binds integers as <see cref="SaturatingInteger"/> reads them; their form has already been checked.</summary>
internal sealed class SaturatingIntegerBinder : IModelBinder, IModelBinderProvider
{
    public IModelBinder? GetBinder(ModelBinderProviderContext context) => context.Metadata.UnderlyingOrModelType == typeof(int) ? this : null;

    public Task BindModelAsync(ModelBindingContext bindingContext)
    {
        if (bindingContext.ValueProvider.GetValue(bindingContext.ModelName).FirstValue is { Length: > 0 } text
            && SaturatingInteger.TryParse(Encoding.UTF8.GetBytes(text), out var value))
        {
            bindingContext.Result = ModelBindingResult.Success(value);
        }

        return Task.CompletedTask;
    }
}
