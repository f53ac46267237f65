using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Deployments.Infrastructure.Postgres.Model.Configurations;

/// <summary>The id of a transaction, which PostgreSQL sets where a statement does not.</summary>
internal static class TransactionColumn
{
    public static PropertyBuilder<ulong> IsTransaction(this PropertyBuilder<ulong> property) =>
        property.HasColumnType("xid8").HasDefaultValueSql("pg_current_xact_id()");
}
