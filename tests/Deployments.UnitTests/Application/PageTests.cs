using Deployments.Application;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public class PageTests
{
    [TestCase(0, 1)]
    [TestCase(1, 1)]
    [TestCase(499, 1)]
    [TestCase(500, 2)] // only a second look can tell that there is no more
    [TestCase(501, 2)]
    [TestCase(1_000, 3)]
    [TestCase(1_250, 3)]
    public async Task A_whole_list_is_whole_and_has_no_next_page(int length, int reads)
    {
        var list = new StoredList(length);

        var page = await list.PageAsync(limit: null, marker: null);

        (await page.Items.ToListAsync()).ShouldBe(list.Ids);
        page.Next.ShouldBeNull();
        list.Reads.Count.ShouldBe(reads);
        list.Reads.Select(read => read.Count).Distinct().ShouldBe([500]);
    }

    [Test]
    public async Task A_whole_list_goes_on_after_its_marker()
    {
        var list = new StoredList(600);

        var page = await list.PageAsync(limit: null, marker: list.Ids[9]);

        (await page.Items.ToListAsync()).ShouldBe(list.Ids.Skip(10));
        list.Reads.Select(read => read.Marker).ShouldBe([list.Ids[9], list.Ids[509]]);
    }

    [Test]
    public async Task A_whole_list_is_read_as_it_is_taken()
    {
        var list = new StoredList(1_250);

        var page = await list.PageAsync(limit: null, marker: null);

        list.Reads.Count.ShouldBe(1, "The first chunk comes before the answer begins.");
        (await page.Items.Take(500).CountAsync()).ShouldBe(500);
        list.Reads.Count.ShouldBe(1);
        (await page.Items.Take(501).CountAsync()).ShouldBe(501);
        list.Reads.Count.ShouldBe(2);
    }

    [Test]
    public async Task A_failure_of_the_first_read_is_told_before_the_list_begins() =>
        await Should.ThrowAsync<TimeoutException>(() => Page.ReadAsync<Guid>(
            limit: null, marker: null, (_, _, _) => throw new TimeoutException(), id => id, CancellationToken.None));

    [Test]
    public async Task A_failure_of_a_later_read_ends_the_list_with_it()
    {
        var list = new StoredList(600) { FailsAt = 2 };
        var taken = 0;

        var page = await list.PageAsync(limit: null, marker: null);

        await Should.ThrowAsync<TimeoutException>(async () =>
        {
            await foreach (var _ in page.Items)
            {
                taken++;
            }
        });
        taken.ShouldBe(500);
    }

    [TestCase(1, 0, 1)]
    [TestCase(3, 0, 3)]
    [TestCase(3, 6, 3)]
    public async Task A_page_that_is_not_the_last_names_its_last_item_as_the_next_marker(int limit, int after, int expected)
    {
        var list = new StoredList(10);

        var page = await list.PageAsync(limit, after == 0 ? null : list.Ids[after - 1]);

        (await page.Items.ToListAsync()).ShouldBe(list.Ids.Skip(after).Take(expected));
        page.Next.ShouldBe(list.Ids[after + expected - 1]);
    }

    [TestCase(10, 0)]
    [TestCase(3, 7)]
    [TestCase(3, 8)]
    [TestCase(3, 10)]
    [TestCase(1_000, 0)]
    public async Task The_last_page_and_what_is_past_it_have_no_next(int limit, int after)
    {
        var list = new StoredList(10);

        var page = await list.PageAsync(limit, after == 0 ? null : list.Ids[after - 1]);

        (await page.Items.ToListAsync()).ShouldBe(list.Ids.Skip(after));
        page.Next.ShouldBeNull();
    }

    [TestCase(1)]
    [TestCase(500)]
    [TestCase(1_000)]
    public async Task A_page_is_one_read_of_one_item_more(int limit)
    {
        var list = new StoredList(1_250);

        var page = await list.PageAsync(limit, list.Ids[0]);

        (await page.Items.CountAsync()).ShouldBe(limit);
        list.Reads.ShouldBe([(list.Ids[0], limit + 1)]);
    }

    [Test]
    public async Task Pages_together_are_the_whole_list()
    {
        var list = new StoredList(10);
        var taken = new List<Guid>();
        Guid? marker = null;

        do
        {
            var page = await list.PageAsync(limit: 3, marker);
            taken.AddRange(await page.Items.ToListAsync());
            marker = page.Next;
        }
        while (marker is not null);

        taken.ShouldBe(list.Ids);
    }

    /// <summary>A list in storage, whose items are their own ids, and what is read of it.</summary>
    private sealed class StoredList(int length)
    {
        public List<Guid> Ids { get; } = [.. Enumerable.Range(1, length).Select(number => new Guid(number, 0, 0, new byte[8]))];

        public List<(Guid? Marker, int Count)> Reads { get; } = [];

        public int? FailsAt { get; init; }

        public Task<Page<Guid>> PageAsync(int? limit, Guid? marker) => Page.ReadAsync(limit, marker, ReadAsync, id => id, CancellationToken.None);

        private Task<IReadOnlyList<Guid>> ReadAsync(Guid? marker, int count, CancellationToken cancellationToken)
        {
            Reads.Add((marker, count));
            return Reads.Count == FailsAt
                ? throw new TimeoutException()
                : Task.FromResult<IReadOnlyList<Guid>>([.. Ids.Where(id => marker is null || id > marker).Take(count)]);
        }
    }
}
