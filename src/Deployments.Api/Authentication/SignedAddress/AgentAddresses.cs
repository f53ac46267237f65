using Deployments.Api.Json;
using Deployments.Api.Mvc;
using Deployments.Api.Options;
using Deployments.Application.Agents;
using Microsoft.Extensions.Options;

namespace Deployments.Api.Authentication.SignedAddress;

/// <summary>
/// Makes the addresses of agents. No server's name and no time is part of one: the same agent has the same address until the keys change.
/// </summary>
/// <param name="keys">The keys that sign.</param>
/// <param name="baseAddress">The address of the service.</param>
/// <param name="timeFormat">How the times of documents are written.</param>
internal sealed class AgentAddresses(AgentKeys keys, string baseAddress, TimeFormat timeFormat) : IAgentAddresses
{
    public string Form => $"{keys.SigningKeyName} {timeFormat} {baseAddress}";

    public string CreateDocumentUrl(string projectId, Guid agentId) =>
        $"{baseAddress}/agents/{Uri.EscapeDataString(projectId)}/{agentId}/{keys.Sign(ListDocumentFields(projectId, agentId.ToString()))}";

    public string CreateSignalUrl(string projectId, Guid agentId, Guid deploymentId, Guid run) =>
        $"{baseAddress}/signals/{Uri.EscapeDataString(projectId)}/{agentId}/{deploymentId}/{run}/"
        + keys.Sign(ListSignalFields(projectId, agentId.ToString(), deploymentId.ToString(), run.ToString()));

    public IEnumerable<string> ComputeDocumentMacs(string projectId, Guid agentId) =>
        keys.SignWithEach(ListDocumentFields(projectId, agentId.ToString()));

    public IEnumerable<string> ComputeSignalMacs(string projectId, Guid agentId, Guid deploymentId, Guid run) =>
        keys.SignWithEach(ListSignalFields(projectId, agentId.ToString(), deploymentId.ToString(), run.ToString()));

    /// <summary>The fields that the mac in the address of a document signs.</summary>
    public static string[] ListDocumentFields(string projectId, string agentId) => ["metadata", projectId, agentId];

    /// <summary>The fields that the mac in the address of a signal signs.</summary>
    public static string[] ListSignalFields(string projectId, string agentId, string deploymentId, string run) =>
        ["signal", projectId, agentId, deploymentId, run];
}

internal static class AgentAddressesOfRequest
{
    /// <summary>Makes addresses with the base of the request, or the configured one.</summary>
    public static IAgentAddresses GetAgentAddresses(this HttpContext context) => new AgentAddresses(
        context.RequestServices.GetRequiredService<AgentKeys>(),
        context.GetBaseAddress(),
        context.RequestServices.GetRequiredService<IOptions<ServiceOptions>>().Value.TimeFormat);
}
