namespace Deployments.Application.Common.Paging;

/// <summary>The names of the two orders that a list may have.</summary>
internal static class SortDirections
{
    /// <summary>The oldest first.</summary>
    public const string Ascending = "asc";

    /// <summary>The newest first.</summary>
    public const string Descending = "desc";

    public static readonly IReadOnlyList<string> All = [Ascending, Descending];
}
