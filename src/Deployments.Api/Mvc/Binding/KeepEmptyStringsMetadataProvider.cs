using Microsoft.AspNetCore.Mvc.ModelBinding.Metadata;

namespace Deployments.Api.Mvc.Binding;

/// <summary>A header that is there and empty is not one that is left out: an empty <c>If-Match</c> is no permission to overwrite.</summary>
internal sealed class KeepEmptyStringsMetadataProvider : IDisplayMetadataProvider
{
    public void CreateDisplayMetadata(DisplayMetadataProviderContext context) =>
        context.DisplayMetadata.ConvertEmptyStringToNull = false;
}
