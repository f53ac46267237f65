using Microsoft.EntityFrameworkCore.Migrations;
using static Deployments.Infrastructure.Postgres.Model.OnlineMigration;

#nullable disable

namespace Deployments.Infrastructure.Postgres.Model.Migrations
{
    /// <inheritdoc />
    public partial class Agents : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            Alter(
                migrationBuilder,
                """
                ALTER TABLE software_deployments
                    ADD COLUMN IF NOT EXISTS run_id uuid,
                    ADD COLUMN IF NOT EXISTS run_deadline timestamp with time zone
                """);
            Run(
                migrationBuilder,
                """
                CREATE TABLE IF NOT EXISTS agents (
                    project_id character varying(64) NOT NULL,
                    id uuid NOT NULL,
                    server_id character varying(255) NOT NULL,
                    creation_time timestamp with time zone NOT NULL,
                    last_seen timestamp with time zone,
                    CONSTRAINT pk_agents PRIMARY KEY (project_id, id))
                """);
            Run(migrationBuilder, "CREATE UNIQUE INDEX IF NOT EXISTS ix_agents_project_id_server_id ON agents (project_id, server_id)");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            Run(migrationBuilder, "DROP TABLE IF EXISTS agents");
            Alter(
                migrationBuilder,
                "ALTER TABLE software_deployments DROP COLUMN IF EXISTS run_deadline, DROP COLUMN IF EXISTS run_id");
        }
    }
}
