using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Deployments.Infrastructure.Postgres.Model.Migrations
{
    /// <inheritdoc />
    public partial class OnceAndInTime : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "deadline",
                table: "software_deployments",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "idempotency_index",
                table: "software_deployments",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "idempotency_key",
                table: "software_deployments",
                type: "character varying(255)",
                maxLength: 255,
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "request_hash",
                table: "software_deployments",
                type: "bytea",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "timeout",
                table: "software_deployments",
                type: "integer",
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "ix_software_deployments_deadline",
                table: "software_deployments",
                column: "deadline",
                filter: "deadline IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_software_deployments_project_id_idempotency_key_idempotency",
                table: "software_deployments",
                columns: new[] { "project_id", "idempotency_key", "idempotency_index" },
                unique: true,
                filter: "idempotency_key IS NOT NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_software_deployments_deadline",
                table: "software_deployments");

            migrationBuilder.DropIndex(
                name: "ix_software_deployments_project_id_idempotency_key_idempotency",
                table: "software_deployments");

            migrationBuilder.DropColumn(
                name: "deadline",
                table: "software_deployments");

            migrationBuilder.DropColumn(
                name: "idempotency_index",
                table: "software_deployments");

            migrationBuilder.DropColumn(
                name: "idempotency_key",
                table: "software_deployments");

            migrationBuilder.DropColumn(
                name: "request_hash",
                table: "software_deployments");

            migrationBuilder.DropColumn(
                name: "timeout",
                table: "software_deployments");
        }
    }
}
