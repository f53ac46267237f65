namespace Deployments.Application.Common;

/// <summary>Who asks, and through which project's path. The project is authorised already.</summary>
/// <param name="ProjectId">The project in whose name the request is made: 1 to 64 characters.</param>
/// <param name="Actor">The subject of the token; kept in the history.</param>
/// <param name="RequestId">The request's id, <c>req-&lt;uuid&gt;</c>; kept in the history.</param>
public sealed record Caller(string ProjectId, string Actor, string RequestId);
