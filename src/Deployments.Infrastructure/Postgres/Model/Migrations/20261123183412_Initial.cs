using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Deployments.Infrastructure.Postgres.Model.Migrations
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "deployment_events",
                columns: table => new
                {
                    project_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    deployment_id = table.Column<Guid>(type: "uuid", nullable: false),
                    version = table.Column<int>(type: "integer", nullable: false),
                    time = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    action = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true),
                    status = table.Column<string>(type: "text", nullable: false),
                    status_reason = table.Column<string>(type: "character varying(16384)", maxLength: 16384, nullable: true),
                    actor = table.Column<string>(type: "text", nullable: false),
                    request_id = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_deployment_events", x => new { x.project_id, x.deployment_id, x.version });
                });

            migrationBuilder.CreateTable(
                name: "software_configs",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    project_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    creation_time = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    name = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true),
                    group = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true),
                    config = table.Column<string>(type: "json", nullable: true),
                    inputs = table.Column<string>(type: "json", nullable: false),
                    outputs = table.Column<string>(type: "json", nullable: false),
                    options = table.Column<string>(type: "json", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_software_configs", x => new { x.project_id, x.id });
                });

            migrationBuilder.CreateTable(
                name: "software_deployments",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    project_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    config_id = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false),
                    server_id = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false),
                    action = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true),
                    input_values = table.Column<string>(type: "json", nullable: true),
                    output_values = table.Column<string>(type: "json", nullable: true),
                    status = table.Column<string>(type: "text", nullable: false),
                    status_reason = table.Column<string>(type: "character varying(16384)", maxLength: 16384, nullable: true),
                    stack_user_project_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    creation_time = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_time = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    version = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_software_deployments", x => new { x.project_id, x.id });
                    table.CheckConstraint("ck_software_deployments_status", "status IN ('COMPLETE', 'IN_PROGRESS', 'FAILED')");
                });

            migrationBuilder.CreateIndex(
                name: "ix_software_deployments_project_id_config_id_id",
                table: "software_deployments",
                columns: new[] { "project_id", "config_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_software_deployments_project_id_server_id_id",
                table: "software_deployments",
                columns: new[] { "project_id", "server_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_software_deployments_stack_user_project_id_config_id_id",
                table: "software_deployments",
                columns: new[] { "stack_user_project_id", "config_id", "id" },
                filter: "stack_user_project_id IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_software_deployments_stack_user_project_id_id",
                table: "software_deployments",
                columns: new[] { "stack_user_project_id", "id" },
                filter: "stack_user_project_id IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_software_deployments_stack_user_project_id_server_id_id",
                table: "software_deployments",
                columns: new[] { "stack_user_project_id", "server_id", "id" },
                filter: "stack_user_project_id IS NOT NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "deployment_events");

            migrationBuilder.DropTable(
                name: "software_configs");

            migrationBuilder.DropTable(
                name: "software_deployments");
        }
    }
}
