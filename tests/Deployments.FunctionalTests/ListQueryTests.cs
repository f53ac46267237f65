using System.Net;
using Deployments.FunctionalTests.Support;
using NUnit.Framework;
using Shouldly;

namespace Deployments.FunctionalTests;

/// <summary>Invalid and unknown query parameters are rejected: a filter that is silently ignored would return too much.</summary>
public sealed class ListQueryTests
{
    private const string Marker = "0197f3a0-0000-7000-8000-000000000000";

    private static IEnumerable<TestCaseData> QueriesOfEitherList =>
    [
        Query("?limit=0", "limit"),
        Query("?limit=-1", "limit"),
        Query("?limit=1001", "limit"),
        Query("?limit=abc", "limit"),
        Query("?limit=1.5", "limit"),
        Query("?limit=1e1", "limit"),
        Query("?limit=0x10", "limit"),
        Query("?limit=%2310", "limit"),
        Query("?limit=%2010", "limit"),
        Query("?limit=%2B10", "limit"),
        Query("?limit=99999999999999999999", "limit"),
        Query("?limit=", "limit"),
        Query("?limit", "limit"),
        Query("?limit=1&limit=1", "limit"),
        Query("?limit=1&limit=", "limit"),
        Query("?limit=%00", "limit"),
        Query("?limit=%ff", "limit"),
        Query("?marker=banana", "marker"),
        Query("?marker=1", "marker"),
        Query("?marker=", "marker"),
        Query($"?marker={Marker}0", "marker"),
        Query($"?marker=%7B{Marker}%7D", "marker"),
        Query($"?marker=%20{Marker}", "marker"),
        Query($"?marker={Marker.Replace("-", string.Empty, StringComparison.Ordinal)}", "marker"),
        Query($"?marker={Marker}&marker={Marker}", "marker"),
        Query("?marker=%00", "marker"),
        Query("?unknown=1", "unknown"),
        Query("?Limit=1", "Limit"),
        Query("?limit=1&unknown=", "unknown"),
        Query("?limit=x&marker=x", "limit", "marker"),
        Query("?one=1&two=2", "one", "two"),
        Query("?limit=%00&marker=%ff", "limit", "marker"),
        Query("?a%00=1", "query"),
        Query("?=", "query"),
        Query("?=1", "query"),
        Query("?=%00", "query"),
        Query("?limit=0&=", "query"),
    ];

    private static IEnumerable<TestCaseData> QueriesOfDeployments =>
    [
        .. from name in new[] { "server_id", "config_id", "action", "status", "sort_dir" }
           from value in new[] { "", "=", "=a%00b", "=%ff", "=a%C3", "=%ED%A0%80" }
           select Query($"?{name}{value}", name),
        Query("?server_id=a&server_id=a", "server_id"),
        Query("?server_id=a&server_id=b", "server_id"),
        Query("?status=complete", "status"),
        Query("?status=BANANA", "status"),
        Query("?status=1", "status"),
        Query("?sort_dir=ASC", "sort_dir"),
        Query("?sort_dir=descending", "sort_dir"),
        Query("?sort_dir=asc&sort_dir=desc", "sort_dir"),
        Query("?name=a", "name"),
        Query("?limit=0&status=x", "limit", "status"),
    ];

    [TestCaseSource(nameof(QueriesOfEitherList))]
    [TestCaseSource(nameof(QueriesOfDeployments))]
    public async Task List_deployments_with_an_invalid_query_returns_400(string query, string[] parameters)
    {
        var response = await new Project().ListAsync(query);

        response.ShouldBeError(HttpStatusCode.BadRequest, parameters);
    }

    [TestCaseSource(nameof(QueriesOfEitherList))]
    [TestCase("?server_id=a", new[] { "server_id" })]
    [TestCase("?status=COMPLETE", new[] { "status" })]
    [TestCase("?sort_dir=desc", new[] { "sort_dir" })]
    public async Task List_configs_with_an_invalid_query_returns_400(string query, string[] parameters)
    {
        var response = await new Project().ListConfigsAsync(query);

        response.ShouldBeError(HttpStatusCode.BadRequest, parameters);
    }

    [TestCase("1001")]
    [TestCase("2147483648")]
    [TestCase("-2147483649")]
    [TestCase("99999999999999999999999999999999")]
    public async Task List_with_a_limit_out_of_range_returns_400_with_the_range_and_every_other_error(string limit)
    {
        var deployments = await new Project().ListAsync($"?limit={limit}&status=BANANA");
        var configs = await new Project().ListConfigsAsync($"?limit={limit}");

        deployments.ShouldBeError(HttpStatusCode.BadRequest, "limit", "status");
        configs.ShouldBeError(HttpStatusCode.BadRequest, "limit");
        foreach (var response in new[] { deployments, configs })
        {
            response.Json.GetProperty("errors").GetProperty("limit")[0].GetString().ShouldBe("limit must be from 1 to 1000.");
        }
    }

    [Test]
    public async Task List_with_many_unknown_parameters_returns_400_with_the_first_50()
    {
        var query = $"?{string.Join('&', Enumerable.Range(0, 900).Select(number => $"p{number}"))}";

        (await new Project().ListAsync(query)).ShouldBeError(HttpStatusCode.BadRequest, [.. Enumerable.Range(0, 50).Select(number => $"p{number}")]);
    }

    [Test]
    public async Task List_with_a_long_unknown_parameter_returns_400_with_its_first_100_characters([Values("=1", "=%00")] string value)
    {
        var name = new string('n', 7_000);

        (await new Project().ListAsync($"?{name}{value}")).ShouldBeError(HttpStatusCode.BadRequest, name[..100]);
    }

    [TestCase("?limit=1")]
    [TestCase("?limit=1000")]
    [TestCase("?marker=" + Marker)]
    [TestCase("?marker=0197F3A0-0000-7000-8000-000000000000")]
    [TestCase("?")]
    public async Task List_with_a_valid_query_returns_200(string query)
    {
        (await new Project().ListAsync(query)).ShouldBeOk();
        (await new Project().ListConfigsAsync(query)).ShouldBeOk();
    }

    private static TestCaseData Query(string query, params string[] parameters) => new TestCaseData(query, parameters).SetArgDisplayNames(query);
}
