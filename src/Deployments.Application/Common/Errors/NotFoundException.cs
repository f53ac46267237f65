namespace Deployments.Application.Common.Errors;

/// <summary>There is no such thing that the caller's project may see. It is the same whether it is absent or another project's.</summary>
/// <param name="message">What was looked for, as a sentence.</param>
public sealed class NotFoundException(string message) : Exception(message);
