using System.Text.Json.Serialization;
using Deployments.Application.Common;
using Deployments.Application.Common.Errors;
using Deployments.Application.Common.Validation;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;
using MediatR;
using Microsoft.Extensions.Options;

namespace Deployments.Application.Servers;

/// <summary>
/// The servers of a project's own deployments and of its agents, in ordinal order of their ids, always a page.
/// Throws <see cref="InvalidRequestException"/> with every broken rule, <see cref="UnavailableException"/> when the database does not respond.
/// </summary>
public sealed record ListServersQuery : IRequest<ServerPage>
{
    internal const int DefaultLimit = 100;

    /// <summary>The project that asks, already authorised.</summary>
    public required string ProjectId { get; init; }

    /// <summary>Only those whose id begins with this text.</summary>
    public string? ServerIdPrefix { get; init; }

    /// <summary>Only those with at least one deployment of this status: COMPLETE, IN_PROGRESS or FAILED.</summary>
    public string? Status { get; init; }

    /// <summary>1 to 1,000; null for 100.</summary>
    public int? Limit { get; init; }

    /// <summary>The last server id seen: the list continues after it, whether or not there is such a server.</summary>
    public string? Marker { get; init; }
}

/// <summary>A page of servers.</summary>
/// <param name="Servers">The servers.</param>
/// <param name="Next">The marker of the next page; null when there is none.</param>
/// <param name="Totals">Of the whole project, only with the first page, and null where they would take too long.</param>
public sealed record ServerPage(IReadOnlyList<ServerDto> Servers, string? Next, ServerTotalsDto? Totals);

/// <summary>A server of the project's deployments or agents.</summary>
public sealed record ServerDto
{
    /// <summary>The server's id.</summary>
    public required string ServerId { get; init; }

    /// <summary>How many of the project's own deployments the server has, by status.</summary>
    public required DeploymentCountsDto Deployments { get; init; }

    /// <summary>The deployment that was created last; null if there is none.</summary>
    public required LastDeploymentDto? LastDeployment { get; init; }

    /// <summary>The server's agent; null if there is none.</summary>
    public required ServerAgentDto? Agent { get; init; }
}

/// <summary>A number of deployments for each status.</summary>
public sealed record DeploymentCountsDto
{
    /// <summary>How many are complete.</summary>
    [JsonPropertyName("COMPLETE")]
    public required long Complete { get; init; }

    /// <summary>How many are in progress.</summary>
    [JsonPropertyName("IN_PROGRESS")]
    public required long InProgress { get; init; }

    /// <summary>How many have failed.</summary>
    [JsonPropertyName("FAILED")]
    public required long Failed { get; init; }
}

/// <summary>The deployment of a server that was created last.</summary>
public sealed record LastDeploymentDto
{
    /// <summary>Its id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The software configuration that is applied.</summary>
    public required string ConfigId { get; init; }

    /// <summary>Its status.</summary>
    public required DeploymentStatus Status { get; init; }

    /// <summary>When it was created: UTC, whole seconds.</summary>
    public required DateTimeOffset CreationTime { get; init; }

    /// <summary>When it last changed: UTC, whole seconds. Absent before its first change.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? UpdatedTime { get; init; }
}

/// <summary>The agent of a server.</summary>
public sealed record ServerAgentDto
{
    /// <summary>When it last read what to apply, to the minute and up to about a minute late; null if it has not.</summary>
    public required DateTimeOffset? LastSeen { get; init; }
}

/// <summary>Numbers of servers of a whole project.</summary>
public sealed record ServerTotalsDto
{
    /// <summary>How many there are.</summary>
    public required long Servers { get; init; }

    /// <summary>How many have at least one deployment that is complete.</summary>
    [JsonPropertyName("COMPLETE")]
    public required long Complete { get; init; }

    /// <summary>How many have at least one deployment that is in progress.</summary>
    [JsonPropertyName("IN_PROGRESS")]
    public required long InProgress { get; init; }

    /// <summary>How many have at least one deployment that has failed.</summary>
    [JsonPropertyName("FAILED")]
    public required long Failed { get; init; }
}

internal sealed class ListServersValidator : AbstractValidator<ListServersQuery>
{
    public ListServersValidator()
    {
        RuleFor(query => query.ServerIdPrefix).AtMost(SoftwareDeployment.MaxServerIdLength);
        RuleFor(query => query.Status).IsDeploymentStatus();
        RuleFor(query => query.Limit).IsPageLimit();
        RuleFor(query => query.Marker).AtMost(SoftwareDeployment.MaxServerIdLength);
    }
}

internal sealed class ListServersHandler(IServerQueries queries, RequestDeadline deadline, IOptions<TimeBudgets> budgets)
    : IRequestHandler<ListServersQuery, ServerPage>
{
    public async Task<ServerPage> Handle(ListServersQuery query, CancellationToken cancellationToken)
    {
        var limit = query.Limit ?? ListServersQuery.DefaultLimit;
        var filter = new ServerFilter(query.ProjectId, query.ServerIdPrefix, DeploymentStatusNames.Parse(query.Status));

        // One more, which shows whether there is a next page.
        var servers = await queries.ListAsync(filter, query.Marker, limit + 1, cancellationToken);
        var totals = query.Marker is null ? await CountAsync(query.ProjectId, cancellationToken) : null;
        return servers.Count > limit
            ? new ServerPage([.. servers.Take(limit)], servers[limit - 1].ServerId, totals)
            : new ServerPage(servers, Next: null, totals);
    }

    private async Task<ServerTotalsDto?> CountAsync(string projectId, CancellationToken cancellationToken)
    {
        try
        {
            return await deadline.RunAsync(token => queries.CountAsync(projectId, token), budgets.Value.Totals, cancellationToken);
        }
        catch (UnavailableException)
        {
            return null;
        }
    }
}
