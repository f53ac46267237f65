using Microsoft.EntityFrameworkCore.Migrations;

namespace Deployments.Infrastructure.Postgres.Model;

/// <summary>
/// Steps of a migration of large tables that are in use: none locks a table for longer than it waits. Each is committed by itself and can be
/// repeated, so that a migration that was interrupted continues where it ended.
/// </summary>
internal static class OnlineMigration
{
    public static void Run(MigrationBuilder migrationBuilder, string statement) =>
        migrationBuilder.Sql($"{statement};", suppressTransaction: true);

    // While it waits for its lock, everybody else waits behind it: rather fail, and be tried again.
    public static void Alter(MigrationBuilder migrationBuilder, string statement) =>
        Run(migrationBuilder, $"DO $$ BEGIN PERFORM set_config('lock_timeout', '2s', true); {statement}; END $$");

    // What an interrupted CREATE INDEX CONCURRENTLY leaves behind is not used, and is in the way.
    public static void Index(MigrationBuilder migrationBuilder, string name, string definition)
    {
        Alter(
            migrationBuilder,
            $"""
            IF EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('{name}') AND NOT indisvalid) THEN
                DROP INDEX {name};
            END IF
            """);
        Run(migrationBuilder, $"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {definition}");
    }
}
