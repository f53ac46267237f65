using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Deployments.Infrastructure.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class SoftwareDeployments : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
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
                    creation_time = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_software_deployments", x => new { x.project_id, x.id });
                    table.CheckConstraint("ck_software_deployments_status", "status IN ('COMPLETE', 'IN_PROGRESS', 'FAILED')");
                });

            migrationBuilder.CreateIndex(
                name: "ix_software_deployments_stack_user_project_id_id",
                table: "software_deployments",
                columns: new[] { "stack_user_project_id", "id" },
                filter: "stack_user_project_id IS NOT NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "software_deployments");
        }
    }
}
