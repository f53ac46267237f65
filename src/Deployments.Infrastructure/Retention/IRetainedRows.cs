using Deployments.Application.Retention;
using Deployments.Infrastructure.Postgres;

namespace Deployments.Infrastructure.Retention;

/// <summary>A table from which old rows are deleted. Its key is the project and an id of version 7, so a row is no older than its id.</summary>
internal interface IRetainedRows
{
    /// <summary>The statement for the first project after another.</summary>
    string NextProject { get; }

    /// <summary>No row that was created later is deleted.</summary>
    DateTimeOffset Before { get; }

    /// <summary>The count of so many rows of this table.</summary>
    RetentionCount CountOf(int rows);

    /// <summary>Reads the next rows of a project in the order of their ids, and locks none.</summary>
    Task<IReadOnlyList<(Guid Id, bool IsDue)>> FindAsync(DatabaseExecutor.Attempt attempt, RetentionSlice slice);

    /// <summary>Deletes, in the transaction of the attempt, those that are still due and that nobody else has locked.</summary>
    Task<RetentionDeletion> DeleteAsync(DatabaseExecutor.Attempt attempt, string projectId, Guid[] ids);
}

/// <summary>Some rows of one project.</summary>
/// <param name="ProjectId">The project.</param>
/// <param name="After">The ids begin after this one,</param>
/// <param name="End">and end before this one.</param>
/// <param name="Count">How many rows at most.</param>
internal readonly record struct RetentionSlice(string ProjectId, Guid After, Guid End, int Count);

/// <summary>What was deleted, in a transaction that is not committed yet.</summary>
/// <param name="Count">How many.</param>
/// <param name="Committed">What to do after the commit.</param>
internal readonly record struct RetentionDeletion(int Count, Action Committed);
