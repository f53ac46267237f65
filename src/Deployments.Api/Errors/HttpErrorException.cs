namespace Deployments.Api.Errors;

/// <summary>An error of the HTTP request itself, before any use case is called.</summary>
internal sealed class HttpErrorException(int status, string? detail = null) : Exception(detail)
{
    public int Status { get; } = status;

    public string? Detail { get; } = detail;
}
