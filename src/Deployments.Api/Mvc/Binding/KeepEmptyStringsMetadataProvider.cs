using Microsoft.AspNetCore.Mvc.ModelBinding.Metadata;

namespace Deployments.Api.Mvc.Binding;

/// <summary>Treats an empty header as present: an empty <c>If-Match</c> must not disable the precondition.</summary>
internal sealed class KeepEmptyStringsMetadataProvider : IDisplayMetadataProvider
{
    public void CreateDisplayMetadata(DisplayMetadataProviderContext context) =>
        context.DisplayMetadata.ConvertEmptyStringToNull = false;
}
