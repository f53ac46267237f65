namespace Deployments.Application.Common.Errors;

/// <summary>The request conflicts with the current state, such as deleting a configuration that is in use.</summary>
/// <param name="message">The reason, as a sentence.</param>
public sealed class ConflictException(string message) : Exception(message);
