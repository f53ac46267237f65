using System.Globalization;
using Deployments.Client;
using Microsoft.AspNetCore.Http;

namespace Deployments.WebConsole.Pages;

/// <summary>What can be done with a deployment; each is confirmed on a page of its own.</summary>
/// <param name="Name">Its part of the address.</param>
/// <param name="Label">What its button says.</param>
/// <param name="Consequence">What it does, in a sentence.</param>
public sealed record DeploymentChange(string Name, string Label, string Consequence)
{
    /// <summary>The name of the field with the entity tag of the deployment that was shown.</summary>
    public const string EntityTagField = "entity_tag";

    /// <summary>The name of the field with the timeout in seconds.</summary>
    public const string TimeoutField = "timeout";

    public static readonly DeploymentChange MarkFailed = new(
        "mark-failed", "Mark failed", "Its status becomes Failed. A script that is running is not stopped; what it reports is dropped.");

    public static readonly DeploymentChange RunAgain = new(
        "run-again", "Run again", "The server's agent applies the configuration once more, and the status is In progress until it reports.");

    public static readonly DeploymentChange Delete = new(
        "delete", "Delete", "It and its history no longer exist, and the server's agent does not apply it any more. What it did on the server stays.");

    public static IReadOnlyList<DeploymentChange> All { get; } = [MarkFailed, RunAgain, Delete];

    public bool Deletes => this == Delete;

    public bool HasTimeout => this == RunAgain;

    public bool IsPossible(DeploymentStatus status) => this == Delete || this == MarkFailed == (status == DeploymentStatus.InProgress);

    public async Task ApplyAsync(
        IDeploymentsClient client, string project, Guid id, IFormCollection form, string visitor, CancellationToken cancellationToken)
    {
        var shown = form[EntityTagField].ToString();
        if (Deletes)
        {
            await client.DeleteSoftwareDeploymentAsync(project, id, shown, cancellationToken);
            return;
        }

        var body = this == MarkFailed
            ? new UpdateSoftwareDeploymentBody { Status = DeploymentStatus.Failed, StatusReason = $"Marked failed by {visitor}." }
            : new UpdateSoftwareDeploymentBody { Status = DeploymentStatus.InProgress, StatusReason = $"Run again by {visitor}.", Timeout = Timeout(form) };
        await client.UpdateSoftwareDeploymentAsync(project, id, body, shown, cancellationToken);
    }

    // What is not a number is left to the API to refuse.
    private static int? Timeout(IFormCollection form) => form[TimeoutField].ToString() is not { Length: > 0 } text ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0;
}
