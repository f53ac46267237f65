using System.Buffers;
using System.Text.RegularExpressions;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.Agents;
using Deployments.Domain.SoftwareDeployments;
using MediatR;

namespace Deployments.Application.Agents;

/// <summary>
/// Stores what an agent reports of a run, or ignores it where the run is not the present one, or has its outcome.
/// Throws <see cref="InvalidRequestException"/> when it is not a JSON object, <see cref="NotFoundException"/> when the agent or the
/// deployment does not exist, <see cref="UnavailableException"/> when the database does not respond.
/// </summary>
/// <param name="ProjectId">The agent's project.</param>
/// <param name="AgentId">The agent.</param>
/// <param name="DeploymentId">The deployment.</param>
/// <param name="Run">The run.</param>
/// <param name="Report">What the agent reports, as it was sent.</param>
/// <param name="Addresses">Makes the addresses that are removed from the report.</param>
/// <param name="RequestId">The request's id; kept in the history.</param>
public sealed record SignalDeploymentCommand(
    string ProjectId, Guid AgentId, Guid DeploymentId, Guid Run, ReadOnlyMemory<byte> Report, IAgentAddresses Addresses, string RequestId)
    : IRequest;

internal sealed partial class SignalDeploymentHandler(IAgentStore agents, IDeploymentCommands commands, TimeProvider clock)
    : AsyncRequestHandler<SignalDeploymentCommand>
{
    private static readonly SearchValues<char> HexDigitsAndHyphen = SearchValues.Create("0123456789abcdefABCDEF-");

    protected override async Task Handle(SignalDeploymentCommand command, CancellationToken cancellationToken)
    {
        var report = await ReadAsync(command, cancellationToken);

        // Read without a lock: a change of config_id starts another run, whose signal this is not.
        var outputs = await agents.FindOutputsAsync(command.ProjectId, command.AgentId, command.DeploymentId, cancellationToken)
            ?? throw AgentLookup.NotFound();
        var signal = SignalOutcome.Ignored;
        var outcome = await commands.ChangeAsync(
            command.DeploymentId,
            deployment =>
            {
                signal = deployment.ApplySignal(command.Run, report, outputs, clock.GetUtcNow());
                return signal == SignalOutcome.Applied;
            },
            new Caller(command.ProjectId, Actors.Agent, command.RequestId),
            new ConfigReferences(RequireExisting: false),
            cancellationToken);
        if (outcome.Deployment is null)
        {
            throw AgentLookup.NotFound();
        }

        if (signal == SignalOutcome.TooLate)
        {
            DeploymentMetrics.LateSignals.Add(1);
        }
    }

    /// <summary>Reads the report, without the agent's addresses and their macs: those who may read the deployment are not its agent.</summary>
    private async Task<AgentReport> ReadAsync(SignalDeploymentCommand command, CancellationToken cancellationToken)
    {
        var (projectId, agentId, addresses) = (command.ProjectId, command.AgentId, command.Addresses);
        List<string> macs =
        [
            .. addresses.ComputeSignalMacs(projectId, agentId, command.DeploymentId, command.Run),
            .. addresses.ComputeDocumentMacs(projectId, agentId),
        ];
        var hasOthers = false;
        var report = Read();
        if (hasOthers && await agents.ListRunsAsync(projectId, agentId, cancellationToken) is { } listed)
        {
            // A mac alone has no mark that other text does not have. Those of former runs are left: nothing can be done with them.
            macs.AddRange(listed.Runs.SelectMany(run => addresses.ComputeSignalMacs(projectId, agentId, run.DeploymentId, run.Run)));
            report = Read();
        }

        return report;

        AgentReport Read()
        {
            var redaction = new AddressRedaction(agentId, macs);
            return AgentReport.Read(command.Report, text => Redact(redaction, text))
                ?? throw new InvalidRequestException("body", "The body must be a JSON object.");
        }

        string Redact(AddressRedaction redaction, string text)
        {
            var redacted = redaction.Apply(text);
            hasOthers = hasOthers || MayHaveMac(redacted);
            return redacted;
        }
    }

    // Checksums and UUIDs, which are common in reports, are words of hexadecimal digits alone.
    private static bool MayHaveMac(ReadOnlySpan<char> text)
    {
        foreach (var word in LongWords().EnumerateMatches(text))
        {
            if (text.Slice(word.Index, word.Length).ContainsAnyExcept(HexDigitsAndHyphen))
            {
                return true;
            }
        }

        return false;
    }

    [GeneratedRegex("[A-Za-z0-9_-]{43,}")]
    private static partial Regex LongWords();
}
