using System.Text.Json.Serialization;
using Deployments.Api.Mvc;
using Deployments.Application.Servers;

namespace Deployments.Api.Contracts;

/// <summary>A page of servers.</summary>
public sealed record ServerListEnvelope
{
    /// <summary>The servers, in ordinal order of their ids.</summary>
    public required IReadOnlyList<ServerDto> Servers { get; init; }

    /// <summary>A link to the next page; absent on the last page.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<PageLink>? ServersLinks { get; init; }

    /// <summary>
    /// Numbers of servers of the whole project, whatever the filters; null where they would take more than a second. Absent after the first
    /// page.
    /// </summary>
    public ServerTotalsDto? Totals { get; init; }

    /// <summary>Whether the response has totals, if only null.</summary>
    [JsonIgnore]
    public bool IsFirstPage { get; init; }
}
