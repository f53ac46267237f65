using Deployments.Infrastructure.ChangeFeed;
using Microsoft.EntityFrameworkCore.Migrations;
using static Deployments.Infrastructure.Postgres.Model.OnlineMigration;

#nullable disable

namespace Deployments.Infrastructure.Postgres.Model.Migrations
{
    /// <inheritdoc />
    public partial class ChangeFeed : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // A STABLE default is evaluated once, for all rows that exist.
            Alter(
                migrationBuilder,
                "ALTER TABLE software_deployments ADD COLUMN IF NOT EXISTS xact xid8 NOT NULL DEFAULT pg_current_xact_id()");
            Alter(
                migrationBuilder,
                """
                ALTER TABLE deployment_events
                    ADD COLUMN IF NOT EXISTS config_id character varying(255),
                    ADD COLUMN IF NOT EXISTS server_id character varying(255),
                    ADD COLUMN IF NOT EXISTS stack_user_project_id character varying(64),
                    ADD COLUMN IF NOT EXISTS deleted boolean,
                    ADD COLUMN IF NOT EXISTS xact xid8 NOT NULL DEFAULT pg_current_xact_id()
                """);

            Run(
                migrationBuilder,
                """
                CREATE TABLE IF NOT EXISTS change_feed_epoch (
                    id integer NOT NULL,
                    epoch integer NOT NULL,
                    timeline text NOT NULL,
                    cluster text NOT NULL,
                    CONSTRAINT pk_change_feed_epoch PRIMARY KEY (id))
                """);
            Run(
                migrationBuilder,
                $"""
                INSERT INTO change_feed_epoch (id, epoch, timeline, cluster)
                VALUES (1, 1, {FeedEpochs.Timeline}, {FeedEpochs.Cluster}) ON CONFLICT DO NOTHING
                """);
            Run(
                migrationBuilder,
                """
                CREATE TABLE IF NOT EXISTS change_feed_floors (
                    project_id character varying(64) NOT NULL,
                    xact xid8 NOT NULL,
                    deployment_id uuid NOT NULL,
                    version integer NOT NULL,
                    CONSTRAINT pk_change_feed_floors PRIMARY KEY (project_id))
                """);
            Run(
                migrationBuilder,
                """
                CREATE TABLE IF NOT EXISTS project_shares (
                    project_id character varying(64) NOT NULL,
                    owner_project_id character varying(64) NOT NULL,
                    CONSTRAINT pk_project_shares PRIMARY KEY (project_id, owner_project_id))
                """);
            Run(migrationBuilder, StoreShares);

            Index(
                migrationBuilder,
                "ix_software_deployments_project_id_stack_user_project_id_id",
                "software_deployments (project_id, stack_user_project_id, id) WHERE stack_user_project_id IS NOT NULL");
            Index(migrationBuilder, "ix_deployment_events_feed", "deployment_events (project_id, xact, deployment_id, version)");
            Index(
                migrationBuilder,
                "ix_deployment_events_shared",
                "deployment_events (project_id, stack_user_project_id, xact, deployment_id, version) WHERE stack_user_project_id IS NOT NULL");
            Index(
                migrationBuilder,
                "ix_deployment_events_incomplete",
                "deployment_events (project_id, xact, deployment_id, version) WHERE deleted IS NULL");
            Index(migrationBuilder, "ix_deployment_events_deleted", "deployment_events (time) WHERE deleted");

            Run(migrationBuilder, "DROP INDEX CONCURRENTLY IF EXISTS ix_software_deployments_stack_user_project_id_config_id_id");
            Run(migrationBuilder, "DROP INDEX CONCURRENTLY IF EXISTS ix_software_deployments_stack_user_project_id_server_id_id");

            // Once more, for what instances of the version before have shared meanwhile.
            Run(migrationBuilder, StoreShares);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            Index(
                migrationBuilder,
                "ix_software_deployments_stack_user_project_id_config_id_id",
                "software_deployments (stack_user_project_id, config_id, id) WHERE stack_user_project_id IS NOT NULL");
            Index(
                migrationBuilder,
                "ix_software_deployments_stack_user_project_id_server_id_id",
                "software_deployments (stack_user_project_id, server_id, id) WHERE stack_user_project_id IS NOT NULL");
            Run(migrationBuilder, "DROP INDEX CONCURRENTLY IF EXISTS ix_software_deployments_project_id_stack_user_project_id_id");

            // The history of a deleted deployment exists only for the feed.
            Run(
                migrationBuilder,
                """
                DELETE FROM deployment_events AS entry
                USING (SELECT project_id, deployment_id FROM deployment_events WHERE deleted) AS gone
                WHERE entry.project_id = gone.project_id AND entry.deployment_id = gone.deployment_id
                """);
            Alter(
                migrationBuilder,
                """
                ALTER TABLE deployment_events
                    DROP COLUMN IF EXISTS xact,
                    DROP COLUMN IF EXISTS deleted,
                    DROP COLUMN IF EXISTS stack_user_project_id,
                    DROP COLUMN IF EXISTS server_id,
                    DROP COLUMN IF EXISTS config_id
                """);
            Alter(migrationBuilder, "ALTER TABLE software_deployments DROP COLUMN IF EXISTS xact");
            Run(migrationBuilder, "DROP TABLE IF EXISTS project_shares");
            Run(migrationBuilder, "DROP TABLE IF EXISTS change_feed_floors");
            Run(migrationBuilder, "DROP TABLE IF EXISTS change_feed_epoch");
        }

        private const string StoreShares =
            """
            INSERT INTO project_shares (project_id, owner_project_id)
            SELECT stack_user_project_id, project_id
            FROM (SELECT DISTINCT stack_user_project_id, project_id FROM software_deployments WHERE stack_user_project_id <> project_id) AS pair
            ORDER BY stack_user_project_id COLLATE "C", project_id COLLATE "C"
            ON CONFLICT DO NOTHING
            """;
    }
}
