namespace Deployments.Application.Common.Errors;

/// <summary>What is asked cannot be done as things stand, such as deleting what is in use.</summary>
/// <param name="message">What stands in the way, as a sentence.</param>
public sealed class ConflictException(string message) : Exception(message);
