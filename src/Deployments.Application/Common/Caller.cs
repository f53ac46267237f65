namespace Deployments.Application.Common;

/// <summary>Who sent the request, and in which project. Access to the project has been authorised.</summary>
/// <param name="ProjectId">The project that the request acts in: 1 to 64 characters.</param>
/// <param name="Actor">The subject of the token; kept in the history.</param>
/// <param name="RequestId">The request's id, <c>req-&lt;uuid&gt;</c>; kept in the history.</param>
public sealed record Caller(string ProjectId, string Actor, string RequestId);
