namespace Deployments.Api.Errors;

/// <summary>A request that HTTP itself refuses, before any use case sees it.</summary>
internal sealed class HttpErrorException(int status, string? detail = null) : Exception(detail)
{
    public int Status { get; } = status;

    public string? Detail { get; } = detail;
}
