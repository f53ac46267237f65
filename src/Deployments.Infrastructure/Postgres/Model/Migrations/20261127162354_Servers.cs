using Microsoft.EntityFrameworkCore.Migrations;
using static Deployments.Infrastructure.Postgres.Model.OnlineMigration;

#nullable disable

namespace Deployments.Infrastructure.Postgres.Model.Migrations
{
    /// <inheritdoc />
    public partial class Servers : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            Index(
                migrationBuilder,
                "ix_software_deployments_project_id_status_server_id",
                "software_deployments (project_id, status, server_id COLLATE \"C\")");
            Index(migrationBuilder, "ix_agents_servers", "agents (project_id, server_id COLLATE \"C\")");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            Run(migrationBuilder, "DROP INDEX CONCURRENTLY IF EXISTS ix_agents_servers");
            Run(migrationBuilder, "DROP INDEX CONCURRENTLY IF EXISTS ix_software_deployments_project_id_status_server_id");
        }
    }
}
