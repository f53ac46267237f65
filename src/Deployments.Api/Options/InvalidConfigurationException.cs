namespace Deployments.Api.Options;

/// <summary>The service refuses to start as it is configured; the message tells the operator why, and holds no secret.</summary>
internal sealed class InvalidConfigurationException(string message) : Exception(message);
