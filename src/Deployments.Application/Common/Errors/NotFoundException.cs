namespace Deployments.Application.Common.Errors;

/// <summary>It does not exist, or it belongs to another project: the caller cannot distinguish the two.</summary>
/// <param name="message">What was not found, as a sentence.</param>
public sealed class NotFoundException(string message) : Exception(message);
