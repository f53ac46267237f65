using Deployments.Application.Common;
using Deployments.Application.Common.Paging;
using Microsoft.Extensions.Options;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public class ListReaderTests
{
    private static readonly ListReader Lists = new(new RequestDeadline(Options.Create(new TimeBudgets()), TimeProvider.System));

    [TestCase(0, 1)]
    [TestCase(1, 1)]
    [TestCase(100, 1)]
    [TestCase(101, 2)] // only a second read shows that there are no more
    [TestCase(102, 2)]
    [TestCase(302, 2)]
    [TestCase(303, 3)]
    [TestCase(1_206, 4)]
    [TestCase(1_207, 5)]
    public async Task Read_without_a_limit_returns_the_whole_list_without_a_next_page(int length, int reads)
    {
        var list = new StoredList(length);

        var page = await list.PageAsync(limit: null, marker: null);

        (await page.Items.ToListAsync()).ShouldBe(list.Ids);
        page.Next.ShouldBeNull();
        list.Reads.Select(read => read.Count).ShouldBe(new[] { 101, 202, 404, 500, 500 }.Take(reads));
    }

    [Test]
    public async Task Read_of_large_items_reads_as_many_at_a_time_as_fit()
    {
        var list = new StoredList(20) { MaxAtOnce = 3 };

        var page = await list.PageAsync(limit: null, marker: null);

        (await page.Items.ToListAsync()).ShouldBe(list.Ids);
        list.Reads.Select(read => read.Count).ShouldBe([101, 3, 6, 3, 6, 3, 6]);
    }

    [Test]
    public async Task Read_without_a_limit_continues_after_the_marker()
    {
        var list = new StoredList(600);

        var page = await list.PageAsync(limit: null, marker: list.Ids[9]);

        (await page.Items.ToListAsync()).ShouldBe(list.Ids.Skip(10));
        list.Reads.Select(read => read.Marker).ShouldBe([list.Ids[9], list.Ids[110], list.Ids[312]]);
    }

    [Test]
    public async Task Read_without_a_limit_reads_only_as_items_are_consumed()
    {
        var list = new StoredList(1_250);

        var page = await list.PageAsync(limit: null, marker: null);

        list.Reads.Count.ShouldBe(1, "The first chunk is read before the response starts.");
        (await page.Items.Take(101).CountAsync()).ShouldBe(101);
        list.Reads.Count.ShouldBe(1);
        (await page.Items.Take(102).CountAsync()).ShouldBe(102);
        list.Reads.Count.ShouldBe(2);
    }

    [Test]
    public async Task Read_whose_first_chunk_fails_throws_before_the_page_is_returned() =>
        await Should.ThrowAsync<TimeoutException>(() => Lists.ReadPageAsync<Guid>(
            limit: null, marker: null, (_, _, _) => throw new TimeoutException(), findPageEnd: null, id => id, isDescending: false, CancellationToken.None));

    [Test]
    public async Task Read_whose_later_chunk_fails_throws_while_items_are_consumed()
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
        taken.ShouldBe(101);
    }

    [TestCase(1, 0, 1)]
    [TestCase(3, 0, 3)]
    [TestCase(3, 6, 3)]
    public async Task Page_before_the_last_has_its_last_item_as_next_marker(int limit, int after, int expected)
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
    public async Task Last_page_and_page_after_the_end_have_no_next_marker(int limit, int after)
    {
        var list = new StoredList(10);

        var page = await list.PageAsync(limit, after == 0 ? null : list.Ids[after - 1]);

        (await page.Items.ToListAsync()).ShouldBe(list.Ids.Skip(after));
        page.Next.ShouldBeNull();
    }

    [TestCase(1)]
    [TestCase(100)]
    public async Task Page_is_one_read_of_one_item_more(int limit)
    {
        var list = new StoredList(1_250);

        var page = await list.PageAsync(limit, list.Ids[0]);

        (await page.Items.CountAsync()).ShouldBe(limit);
        list.Reads.ShouldBe([(list.Ids[0], limit + 1)]);
        list.Ends.ShouldBeEmpty();
    }

    [TestCase(1)]
    [TestCase(101)]
    [TestCase(1_000)]
    public async Task Page_of_small_items_is_one_read_with_any_limit(int limit)
    {
        var list = new StoredList(1_250) { IsSmall = true };

        var page = await list.PageAsync(limit, list.Ids[0]);

        (await page.Items.ToListAsync()).ShouldBe(list.Ids.Skip(1).Take(limit));
        page.Next.ShouldBe(list.Ids[limit]);
        list.Reads.ShouldBe([(list.Ids[0], limit + 1)]);
    }

    [TestCase(101, 1_000, new[] { 101 })]
    [TestCase(1_000, 1_000, new[] { 101, 202, 404, 293 })]
    [TestCase(10, 3, new[] { 11, 3, 4, 1 })]
    [TestCase(5, 3, new[] { 6, 2 })]
    [TestCase(2, 1, new[] { 3, 1 })]
    public async Task Page_of_large_items_is_read_in_chunks_and_ends_at_its_limit(int limit, int maxAtOnce, int[] reads)
    {
        foreach (var more in new[] { 1, 500 })
        {
            var list = new StoredList(limit + more) { MaxAtOnce = maxAtOnce };

            var page = await list.PageAsync(limit, marker: null);

            (await page.Items.ToListAsync()).ShouldBe(list.Ids.Take(limit));
            page.Next.ShouldBe(list.Ids[limit - 1]);
            list.Ends.ShouldBe([(null, limit)]);
            list.Reads.Select(read => read.Count).ShouldBe(reads);
        }
    }

    [TestCase(101, 1_000)]
    [TestCase(1_000, 300)]
    [TestCase(10, 3)]
    public async Task Last_page_of_large_items_has_no_next_marker(int limit, int maxAtOnce)
    {
        foreach (var length in new[] { limit - 3, limit })
        {
            var list = new StoredList(length) { MaxAtOnce = maxAtOnce };

            var page = await list.PageAsync(limit, marker: null);

            (await page.Items.ToListAsync()).ShouldBe(list.Ids);
            page.Next.ShouldBeNull();
        }
    }

    [Test]
    public async Task Page_keeps_its_end_when_items_are_deleted_while_it_is_read([Values] bool isDescending)
    {
        var list = new StoredList(20) { MaxAtOnce = 3, IsDescending = isDescending };
        var ids = list.Ids.ToList();

        var page = await list.PageAsync(limit: 10, marker: null);
        list.Ids.RemoveRange(8, 2); // including the last item of the page
        var items = await page.Items.ToListAsync();

        items.ShouldBe(ids.Take(8));
        page.Next.ShouldBe(ids[9]);
        (await (await list.PageAsync(limit: null, page.Next)).Items.ToListAsync()).ShouldBe(ids.Skip(10));
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

    /// <summary>A stored list of ids that records how it is read.</summary>
    private sealed class StoredList(int length)
    {
        private List<Guid>? ids;

        public bool IsDescending { get; init; }

        public List<Guid> Ids => ids ??=
            [.. Enumerable.Range(1, length).Select(number => new Guid(IsDescending ? length - number : number, 0, 0, new byte[8]))];

        public List<(Guid? Marker, int Count)> Reads { get; } = [];

        public List<(Guid? Marker, int Count)> Ends { get; } = [];

        public int? FailsAt { get; init; }

        public int MaxAtOnce { get; init; } = int.MaxValue;

        public bool IsSmall { get; init; }

        public Task<Page<Guid>> PageAsync(int? limit, Guid? marker) =>
            Lists.ReadPageAsync(limit, marker, ReadAsync, IsSmall ? null : ReadEndAsync, id => id, IsDescending, CancellationToken.None);

        private Task<Chunk<Guid>> ReadAsync(Guid? marker, int count, CancellationToken cancellationToken)
        {
            Reads.Add((marker, count));
            var requested = After(marker).Take(count).ToList();
            return Reads.Count == FailsAt
                ? throw new TimeoutException()
                : Task.FromResult(new Chunk<Guid>([.. requested.Take(MaxAtOnce)], requested.Count > MaxAtOnce));
        }

        private Task<Guid?> ReadEndAsync(Guid? marker, int count, CancellationToken cancellationToken)
        {
            Ends.Add((marker, count));
            return Task.FromResult<Guid?>(After(marker).Skip(count).Any() ? After(marker).ElementAt(count - 1) : null);
        }

        private IEnumerable<Guid> After(Guid? marker) =>
            Ids.Where(id => marker is null || (IsDescending ? id < marker : id > marker));
    }
}
