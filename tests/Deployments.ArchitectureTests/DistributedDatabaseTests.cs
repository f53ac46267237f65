using System.Text;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using NUnit.Framework;
using Shouldly;

namespace Deployments.ArchitectureTests;

/// <summary>
/// What keeps the way to a distributed PostgreSQL open, where the rows of a project are on one of several servers: docs/decisions/021. Each
/// rule is checked against the source, and against a text that breaks it.
/// </summary>
public sealed partial class DistributedDatabaseTests
{
    private const string OneRow = "The table has one row, which belongs to no project.";

    private const string EachProject = "It only looks, in all projects; each change that follows names its own.";

    private const string RestoredElsewhere = "It orders the feed, which such a database does not have.";

    private const string Former = "It completes what version 1.0 wrote, which never ran on such a database.";

    private const string InTransaction = "The transaction has begun before.";

    private const string RowByRow = "It names the project of each of its rows, and could have those of one project.";

    /// <summary>Keys that begin with something else, with the reason.</summary>
    private static readonly Dictionary<string, string> OtherKeys = new()
    {
        ["change_feed_epoch (id)"] = OneRow,
        ["data_protection_keys (id)"] = "The keys of the console's cookies belong to no project, and are a few rows.",
    };

    /// <summary>Uses of tables without a project, with the reason.</summary>
    private static readonly Dictionary<string, string> WithoutProject = new()
    {
        ["ChangeFeedReader.Ascending: change_feed_epoch"] = OneRow,
        ["ChangeFeedReader.Descending: change_feed_epoch"] = OneRow,
        ["FeedEpochs.IsCurrentAsync: change_feed_epoch"] = OneRow,
        ["FeedEpochs.RaiseAsync: change_feed_epoch"] = OneRow,
        ["FeedEpochs.ReassignFutureTransactionsAsync: software_deployments"] = RestoredElsewhere,
        ["FeedEpochs.ReassignFutureTransactionsAsync: deployment_events"] = RestoredElsewhere,
        ["FeedEpochs.ReassignFutureTransactionsAsync: change_feed_floors"] = RestoredElsewhere,
        ["DeadlineExpiryJob.FindOverdue: software_deployments"] = EachProject,
        ["DeletedHistoryPurgeJob.FindDue: deployment_events"] = EachProject,
        ["OverdueDeployments.NextProject: software_deployments"] = EachProject,
        ["UnusedConfigs.NextProject: software_configs"] = EachProject,
        ["EventCompletionJob.Complete: deployment_events"] = Former,
    };

    /// <summary>Statements that lock rows of several projects, with the reason.</summary>
    private static readonly Dictionary<string, string> LocksOfSeveralProjects = new()
    {
        ["AgentSightingsJob.StoreAsync"] = RowByRow,
        ["LockDeploymentsCommand.new"] = RowByRow,
        ["LockedConfigs.LockRequiredAsync"] = RowByRow,
        ["FeedEpochs.RaiseAsync"] = OneRow,
        ["EventCompletionJob.Complete"] = Former,
    };

    /// <summary>Several statements in one command, with the reason.</summary>
    private static readonly Dictionary<string, string> SeveralStatements = new()
    {
        ["UpdateDeploymentsCommand.new"] = InTransaction,
        ["FeedEpochs.ReassignFutureTransactionsAsync"] = InTransaction,
        ["RetentionPass.BeginSliceAsync"] = InTransaction,
        ["DatabaseSchema.LockAsync"] = InTransaction,
    };

    /// <summary>Functions in an UPDATE, with the reason.</summary>
    private static readonly Dictionary<string, string> FunctionsInUpdates = new()
    {
        ["FeedEpochs.RaiseAsync: left("] = OneRow,
        ["FeedEpochs.RaiseAsync: pg_walfile_name("] = OneRow,
        ["FeedEpochs.RaiseAsync: ::text"] = OneRow,
    };

    // What takes no arguments may be anything.
    private static readonly HashSet<string> Immutable = ["unnest", "count", "COALESCE", "GREATEST", "LEAST", "NULLIF"];

    private static readonly IReadOnlyList<SqlStatement> Statements = [.. SqlStatements.OfInfrastructure.All];

    private static readonly IModel Model = CreateModel();

    private static readonly string Tables = string.Join('|', Model.GetEntityTypes().Select(type => type.GetTableName()).Distinct());

    [Test]
    public void Statements_of_the_infrastructure_are_found()
    {
        Statements.Count.ShouldBeGreaterThan(50);
        Statements.ShouldContain(one => one.Member == "ServerQueries.ListAll" && one.Text.Contains("FROM agents"), "Calls are followed.");
        Statements.ShouldContain(one => one.Member == "UpdateDeploymentsCommand.new" && one.Text.Contains("INSERT INTO deployment_events"));
    }

    [Test]
    public void Each_key_and_unique_index_begins_with_the_project()
    {
        var keys = Model.GetEntityTypes()
            .SelectMany(type => type.GetKeys().Select(key => key.Properties)
                .Concat(type.GetIndexes().Where(index => index.IsUnique).Select(index => index.Properties))
                .Select(properties => (Table: type.GetTableName()!, Columns: properties.Select(property => property.GetColumnName()).ToList())))
            .ToList();

        ShouldBeExactly(OtherKeys, keys.Where(key => key.Columns[0] != "project_id").Select(key => $"{key.Table} ({string.Join(", ", key.Columns)})"));
        keys.Count(key => key.Columns[0] == "project_id").ShouldBeGreaterThan(5);
    }

    [Test]
    public void Each_statement_names_a_project() => ShouldBeExactly(
        WithoutProject,
        Statements.SelectMany(one => TablesWithoutProject(one.Text).Select(table => $"{one.Member}: {table}")));

    [TestCase("SELECT project_id, id FROM software_deployments WHERE deadline <= @now", "software_deployments")]
    [TestCase("SELECT entry.* FROM agents AS agent JOIN deployment_events AS entry ON entry.time > now() WHERE agent.project_id = @project_id", "deployment_events")]
    [TestCase("DELETE FROM agents WHERE id = @id", "agents")]
    [TestCase("SELECT id FROM agents WHERE id IN (SELECT id FROM software_configs WHERE project_id = @project_id)", "agents")]
    [TestCase("DELETE FROM agents AS agent USING deployment_events AS entry WHERE agent.project_id = @project_id", "deployment_events")]
    [TestCase("SELECT id FROM agents JOIN project_shares ON agents.project_id = project_shares.project_id", "agents", "project_shares")]
    [TestCase("UPDATE agents AS agent SET last_seen = @time WHERE agent.id = @id", "agents")]
    [TestCase("SELECT id FROM agents WHERE project_id > @project_id", "agents")]
    public void Table_without_a_project_is_found(string statement, params string[] tables) => TablesWithoutProject(statement).ShouldBe(tables);

    [Test]
    public void Each_query_of_Entity_Framework_names_a_project()
    {
        var uses = SqlStatements.OfInfrastructure.TableUses.ToList();

        uses.Count.ShouldBeGreaterThan(10);
        uses.Where(use => !NamesProject(use)).Select(use => $"{use.Member}: {use.Table}").ShouldBeEmpty();
    }

    [Test]
    public void Query_of_Entity_Framework_without_a_project_is_found() =>
        NamesProject(new("Store.Find", "Agents", "return context.Agents.Where(agent => agent.Id == id).ToListAsync();")).ShouldBeFalse();

    [Test]
    public void No_UPDATE_calls_a_function_that_is_not_IMMUTABLE() => ShouldBeExactly(
        FunctionsInUpdates,
        Statements.SelectMany(one => ForbiddenInUpdate(one.Text).Select(call => $"{one.Member}: {call}")));

    [TestCase("UPDATE agents SET last_seen = date_trunc('minute', seen.time) FROM seen", "date_trunc(")]
    [TestCase("UPDATE software_deployments AS one SET input_values = input.input_values::json FROM input", "::json")]
    [TestCase("UPDATE agents SET last_seen = CAST(seen.time AS timestamptz) FROM seen", "CAST(")]
    [TestCase("UPDATE agents SET last_seen = seen.time AT TIME ZONE 'UTC' FROM seen", "AT TIME ZONE")]
    [TestCase("INSERT INTO agents (id) VALUES (@id) ON CONFLICT (id) DO UPDATE SET last_seen = to_timestamp(EXCLUDED.seconds)", "to_timestamp(")]
    public void Function_of_a_column_in_an_UPDATE_is_found(string statement, string call) => ForbiddenInUpdate(statement).ShouldBe([call]);

    [Test]
    public void No_INSERT_has_a_lateral_outer_join() => Statements.Where(one => HasLateralOuterJoin(one.Text)).Select(one => one.Member).ShouldBeEmpty();

    [TestCase("INSERT INTO agents (id) SELECT id FROM input LEFT JOIN LATERAL (SELECT true AS existing) AS earlier ON true")]
    [TestCase("INSERT INTO agents (id) SELECT id FROM input LEFT OUTER JOIN\n  LATERAL (SELECT true AS existing) AS earlier ON true")]
    public void Lateral_outer_join_in_an_INSERT_is_found(string statement) => HasLateralOuterJoin(statement).ShouldBeTrue();

    [Test]
    public void No_lock_is_taken_across_projects() =>
        ShouldBeExactly(LocksOfSeveralProjects, Statements.Where(one => LocksSeveralProjects(one.Text)).Select(one => one.Member));

    [TestCase("SELECT id FROM software_deployments WHERE deadline <= @now FOR UPDATE SKIP LOCKED")]
    [TestCase("WITH due AS (SELECT project_id FROM agents ORDER BY time LIMIT 1 FOR UPDATE) SELECT FROM agents WHERE project_id = @project_id")]
    [TestCase("SELECT one.* FROM project_shares AS share JOIN agents AS one ON one.project_id = share.owner_project_id WHERE share.project_id = @project_id FOR KEY SHARE OF one")]
    public void Lock_across_projects_is_found(string statement) => LocksSeveralProjects(statement).ShouldBeTrue();

    [Test]
    public void Several_statements_are_sent_together_only_inside_a_transaction()
    {
        ShouldBeExactly(SeveralStatements, Statements.Where(one => HasSeveral(one.Text)).Select(one => one.Member));
        SqlStatements.OfInfrastructure.UsersOf("NpgsqlBatch").ShouldBeEmpty();
        SqlStatements.OfInfrastructure.UsersOf("CreateBatch").ShouldBeEmpty();
    }

    [Test]
    public void Several_statements_are_found() => HasSeveral("DELETE FROM agents;\nDELETE FROM software_configs").ShouldBeTrue();

    [Test]
    public void Nothing_is_decided_by_the_name_of_a_constraint() => SqlStatements.OfInfrastructure.UsersOf("ConstraintName").ShouldBeEmpty();

    [Test]
    public void Plans_are_left_to_the_database_where_it_is_distributed()
    {
        var statements = Statements.Where(one => one.Text.Contains("plan_cache_mode")).ToList();

        statements.ShouldHaveSingleItem().Text.ShouldMatch(@"CASE WHEN NOT EXISTS \(SELECT FROM pg_extension WHERE extname = 'citus'\) THEN set_config\('plan_cache_mode'");
    }

    private static void ShouldBeExactly(Dictionary<string, string> exceptions, IEnumerable<string> found) =>
        found.Distinct().ShouldBe(exceptions.Keys, ignoreOrder: true);

    /// <summary>The tables of a statement that no condition compares with a project. An INSERT needs none: a row has a project.</summary>
    private static IEnumerable<string> TablesWithoutProject(string statement) =>
        from reference in Regex.Matches(statement, $@"(?:\b(?:FROM|JOIN|UPDATE|USING)|,)\s+({Tables})\b(?:\s+AS\s+(\w+))?").AsEnumerable()
        let table = reference.Groups[1].Value
        let name = reference.Groups[2].Success ? reference.Groups[2].Value : table
        where (Whole().IsMatch(statement) && !GivenProject().IsMatch(statement))
            || !(Regex.IsMatch(statement, $@"\b{name}\.project_id\s*=|=\s*{name}\.project_id|USING \(project_id")
                || BareProject().IsMatch(QueryAt(statement, reference.Index)))
        select table;

    /// <summary>The query that a place of a statement is part of, without what stands in parentheses in it.</summary>
    private static string QueryAt(string statement, int place)
    {
        var start = place;
        for (var depth = 0; start > 0 && depth >= 0; depth += statement[start] switch { ')' => 1, '(' => -1, _ => 0 })
        {
            start--;
        }

        var query = new StringBuilder();
        for (var (at, depth) = (start + 1, 0); at < statement.Length && depth >= 0; at++)
        {
            depth += statement[at] switch { '(' => 1, ')' => -1, _ => 0 };
            query.Append(depth == 0 ? statement[at] : ' ');
        }

        return query.ToString();
    }

    private static bool NamesProject(TableUse use) => ProjectInQuery().IsMatch(use.Text);

    private static IEnumerable<string> ForbiddenInUpdate(string statement) =>
        !Update().IsMatch(statement)
            ? []
            : CallOrCast().Matches(statement)
                .Where(call => !call.Groups[1].Success || !Immutable.Contains(call.Groups[1].Value))
                .Select(call => call.Value.Trim());

    private static bool HasLateralOuterJoin(string statement) =>
        statement.Contains("INSERT INTO", StringComparison.Ordinal) && LateralOuterJoin().IsMatch(statement);

    private static bool LocksSeveralProjects(string statement) => Lock().Matches(statement).Any(match =>
        !Regex.IsMatch(
            QueryAt(statement, match.Index),
            $@"{(match.Groups["of"].Success ? $@"\b{match.Groups["of"].Value}\." : @"(?<![\w.])")}project_id\s*=\s*(@project_id|<\w+>)"));

    private static bool HasSeveral(string statement) => SecondStatement().IsMatch(statement);

    private static IModel CreateModel()
    {
        var factory = Activator.CreateInstance(Layers.Infrastructure.GetTypes().Single(type => type.Name == "DesignTimeContextFactory"))!;
        using var context = (DbContext)factory.GetType().GetMethod("CreateDbContext")!.Invoke(factory, [Array.Empty<string>()])!;
        return context.GetService<IDesignTimeModel>().Model;
    }

    [GeneratedRegex(@"\.ProjectId\s*==|==\s*\w+\.ProjectId\b|\.Contains\(\w+\.ProjectId\)|\.FromSql")]
    private static partial Regex ProjectInQuery();

    [GeneratedRegex(@"\bUPDATE\b[^;]*?\bSET\b")]
    private static partial Regex Update();

    // Functions are written right before their arguments. Operators are not seen.
    [GeneratedRegex(@"(?<![\w.@])(\w+)\((?!\))|::\s*(?!uuid\b|integer\b)\w+|AT TIME ZONE")]
    private static partial Regex CallOrCast();

    [GeneratedRegex(@"\bLEFT\s+(OUTER\s+)?JOIN\s+LATERAL\b")]
    private static partial Regex LateralOuterJoin();

    [GeneratedRegex(@"\bFOR\s+((NO KEY\s+)?UPDATE|(KEY\s+)?SHARE)\b(\s+OF\s+(?<of>\w+))?")]
    private static partial Regex Lock();

    // Parts of a statement are checked in it once more.
    [GeneratedRegex(@"^\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b")]
    private static partial Regex Whole();

    // From a parameter, or a relation of the given rows.
    [GeneratedRegex(@"@\w*project\w*|<\w*[pP]roject\w*>|\bunnest\(|<relation>|\binput\.project_id|\bproject_id = \{")]
    private static partial Regex GivenProject();

    [GeneratedRegex(@"(?<![\w.])project_id\s*=")]
    private static partial Regex BareProject();

    [GeneratedRegex(@";\s*\S")]
    private static partial Regex SecondStatement();
}
