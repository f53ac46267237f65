namespace Deployments.Agent;

/// <summary>What the agent was started with.</summary>
/// <param name="MetadataUrl">The server's address.</param>
/// <param name="StateFolder">Where it keeps what it must not forget.</param>
/// <param name="HooksFolder">The executables that apply configurations, each named for its group.</param>
internal sealed record AgentOptions(Uri MetadataUrl, string StateFolder, string HooksFolder);
