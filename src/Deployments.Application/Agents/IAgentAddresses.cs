namespace Deployments.Application.Agents;

/// <summary>
/// Makes the addresses of agents. Each is signed, and whoever has it may use it: to read what one agent applies, or to report one run.
/// </summary>
public interface IAgentAddresses
{
    /// <summary>What the addresses and the documents with them have in common, such as their key: if it changes, every document does.</summary>
    string Form { get; }

    /// <summary>The address from which an agent reads what to apply.</summary>
    /// <param name="projectId">The agent's project.</param>
    /// <param name="agentId">The agent.</param>
    string CreateDocumentUrl(string projectId, Guid agentId);

    /// <summary>The address to which an agent reports the outcome of a run.</summary>
    /// <param name="projectId">The agent's project.</param>
    /// <param name="agentId">The agent.</param>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="run">The run.</param>
    string CreateSignalUrl(string projectId, Guid agentId, Guid deploymentId, Guid run);

    /// <summary>The macs of the address of an agent's document: one for each key.</summary>
    /// <param name="projectId">The agent's project.</param>
    /// <param name="agentId">The agent.</param>
    IEnumerable<string> ComputeDocumentMacs(string projectId, Guid agentId);

    /// <summary>The macs of the address of a run's signal: one for each key.</summary>
    /// <param name="projectId">The agent's project.</param>
    /// <param name="agentId">The agent.</param>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="run">The run.</param>
    IEnumerable<string> ComputeSignalMacs(string projectId, Guid agentId, Guid deploymentId, Guid run);
}
