using Microsoft.AspNetCore.Http;

namespace Deployments.WebConsole.Components;

/// <summary>The changes at which an open page is read again.</summary>
/// <param name="Query">Which: a filter of the change feed, as a query string.</param>
/// <param name="Cursor">The position in the change feed before the page was read, so that none is missed.</param>
public sealed record PageChanges(QueryString Query, string Cursor);
