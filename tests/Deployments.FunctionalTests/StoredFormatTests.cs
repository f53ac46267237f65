using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>
/// What a configuration looks like in its columns, as version 1ca1b0e wrote it: rows outlive versions, and an older instance may read
/// what a newer one wrote. Member names of the domain are mapped to these texts, so that a rename must not reach them.
/// </summary>
public sealed class StoredFormatTests
{
    private const string Inputs =
        """[{"name":"a","type":"String","replace_on_change":false},{"name":"b","description":"größer","type":"Number","default":"1e2","replace_on_change":true,"value":null},{"name":"c","type":"CommaDelimitedList","default":["x"],"replace_on_change":false,"value":1.0},{"name":"d","type":"Json","default":{"B":1,"a":null},"replace_on_change":false},{"name":"e","type":"Boolean","default":false,"replace_on_change":false}]""";

    private const string Outputs =
        """[{"name":"o","type":"String","error_output":false},{"name":"p","description":"d","type":"Json","error_output":true}]""";

    private const string ShownInputs =
        """[{"name":"a","type":"String"},{"name":"b","description":"größer","type":"Number","default":"1e2","replace_on_change":true,"value":null},{"name":"c","type":"CommaDelimitedList","default":["x"],"value":1.0},{"name":"d","type":"Json","default":{"B":1,"a":null}},{"name":"e","type":"Boolean","default":false}]""";

    [Test]
    public async Task Created_config_is_stored_in_the_format_of_earlier_versions()
    {
        var project = new Project();

        await project.CreateConfigAsync($$"""{"inputs": {{ShownInputs}}, "outputs": {{Outputs}}}""");

        await using var select = TestRun.Database.CreateCommand("SELECT inputs::text, outputs::text FROM software_configs WHERE project_id = $1");
        select.Parameters.AddWithValue(project.Id);
        await using var rows = await select.ExecuteReaderAsync();
        (await rows.ReadAsync()).ShouldBeTrue();
        (rows.GetString(0), rows.GetString(1)).ShouldBe((Inputs, Outputs));
    }

    [Test]
    public async Task Config_stored_by_an_earlier_version_is_shown_as_it_was_sent()
    {
        var project = new Project();
        var id = Guid.CreateVersion7();
        await using var insert = TestRun.Database.CreateCommand(
            """
            INSERT INTO software_configs (project_id, id, creation_time, inputs, outputs, options)
            VALUES ($1, $2, now(), $3::json, $4::json, '{"k":[1]}')
            """);
        insert.Parameters.AddWithValue(project.Id);
        insert.Parameters.AddWithValue(id);
        insert.Parameters.AddWithValue(Inputs);
        insert.Parameters.AddWithValue(Outputs);
        await insert.ExecuteNonQueryAsync();

        var shown = (await project.GetConfigAsync(id.ToString())).Config;

        shown.GetProperty("inputs").GetRawText().ShouldBe(ShownInputs);
        shown.GetProperty("outputs").GetRawText().ShouldBe(Outputs);
        shown.GetProperty("options").GetRawText().ShouldBe("""{"k":[1]}""");
    }
}
