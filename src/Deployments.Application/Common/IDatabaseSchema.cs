namespace Deployments.Application.Common;

/// <summary>The schema of the database, for those who operate the service.</summary>
public interface IDatabaseSchema
{
    /// <summary>The database, its servers and its user, as words of a sentence; never a password.</summary>
    string Database { get; }

    /// <summary>The names of this version's migrations, oldest first.</summary>
    IReadOnlyList<string> Migrations { get; }

    /// <summary>Returns the migrations that the database lacks, oldest first.</summary>
    /// <param name="cancellationToken">Ends the wait for the database.</param>
    Task<IReadOnlyList<string>> FindMissingAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Applies the missing migrations, or reverts those after the target. Any number of programs may do so at once: one migrates, the
    /// others wait.
    /// </summary>
    /// <param name="target">The migration that the database is to have; null: the last.</param>
    /// <param name="applying">Receives the name of each migration before it is applied or reverted.</param>
    /// <param name="cancellationToken">Ends the migration; what was applied stays.</param>
    Task MigrateAsync(string? target, Action<string> applying, CancellationToken cancellationToken);

    /// <summary>
    /// Returns SQL that brings a schema from one migration to another, and may be run more than once. Needs no database. Unlike
    /// <see cref="MigrateAsync"/> it lets writers wait while it builds an index.
    /// </summary>
    /// <param name="current">The migration that the database has; null: none.</param>
    /// <param name="target">The migration that it is to have; null: the last.</param>
    string CreateScript(string? current, string? target);

    /// <summary>Returns the reason of a failure of the above, in one line.</summary>
    /// <param name="failure">What was thrown.</param>
    Task<string> ExplainAsync(Exception failure);
}
