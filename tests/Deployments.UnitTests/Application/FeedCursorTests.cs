using Deployments.Application.ChangeFeed;
using Deployments.Application.Common.Errors;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Application;

public sealed class FeedCursorTests
{
    private const int Epoch = 3;

    private static readonly FeedPosition Early = new(10, Guid.Parse("00000000-0000-0000-0000-000000000001"), 1);
    private static readonly FeedPosition Middle = new(20, Guid.Parse("00000000-0000-0000-0000-000000000001"), 1);
    private static readonly FeedPosition Late = new(30, Guid.Parse("00000000-0000-0000-0000-000000000001"), 1);

    private static IEnumerable<TestCaseData> States =>
    [
        new TestCaseData(Middle, FeedPosition.Start, FeedPosition.Start, true, true).SetArgDisplayNames("nothing purged"),
        new TestCaseData(Middle, FeedPosition.Start, FeedPosition.Start, false, false).SetArgDisplayNames("its event is lost"),
        new TestCaseData(FeedPosition.Start, FeedPosition.Start, FeedPosition.Start, false, true).SetArgDisplayNames("from the beginning"),
        new TestCaseData(FeedPosition.Start, FeedPosition.Start, Early, false, false).SetArgDisplayNames("from the beginning, purged since"),
        new TestCaseData(FeedPosition.Start, Early, Early, false, true).SetArgDisplayNames("from the beginning after a purge"),
        new TestCaseData(FeedPosition.Start, Early, Middle, false, false).SetArgDisplayNames("from the beginning after a purge, and another since"),
        new TestCaseData(Early, FeedPosition.Start, Middle, true, false).SetArgDisplayNames("events after it purged"),
        new TestCaseData(Middle, FeedPosition.Start, Middle, false, true).SetArgDisplayNames("its own event is the newest that is purged"),
        new TestCaseData(Late, FeedPosition.Start, Middle, true, true).SetArgDisplayNames("events before it purged"),
        new TestCaseData(Late, FeedPosition.Start, Middle, false, false).SetArgDisplayNames("events before it purged, its own lost"),
        new TestCaseData(Early, Middle, Middle, false, true).SetArgDisplayNames("began after the purge, and has not come past it"),
    ];

    [Test]
    public void Cursor_is_read_as_it_was_written()
    {
        var cursor = new FeedCursor(Epoch, new FeedPosition(ulong.MaxValue, Guid.NewGuid(), int.MaxValue), Early);

        FeedCursor.TryDecode(cursor.Encode("project"), "project", out var read).ShouldBeNull();

        read.ShouldBe(cursor);
    }

    [TestCase("")]
    [TestCase(" ")]
    [TestCase("banana")]
    [TestCase("AQ==")]
    public void Text_that_is_no_cursor_is_refused(string text) =>
        FeedCursor.TryDecode(text, "project", out _).ShouldNotBeNull();

    [Test]
    public void Cursor_with_white_space_is_refused()
    {
        var text = new FeedCursor(Epoch, Middle, Early).Encode("project");

        FeedCursor.TryDecode(text[..^1] + " ", "project", out _).ShouldNotBeNull();
        FeedCursor.TryDecode(text + " ", "project", out _).ShouldNotBeNull();
    }

    [Test]
    public void Cursor_of_another_project_is_refused() =>
        FeedCursor.TryDecode(new FeedCursor(Epoch, Middle, Early).Encode("one"), "other", out _)!.ShouldContain("another project");

    [TestCaseSource(nameof(States))]
    public void Cursor_is_usable_only_if_nothing_after_it_is_lost(
        FeedPosition position, FeedPosition floorAtStart, FeedPosition floor, bool positionExists, bool isUsable)
    {
        var cursor = new FeedCursor(Epoch, position, floorAtStart);

        var check = () => cursor.EnsureUsable(new FeedState(Epoch, floor, positionExists));

        if (isUsable)
        {
            check.ShouldNotThrow();
        }
        else
        {
            check.ShouldThrow<GoneException>().Message.ShouldContain("after=now");
        }
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Cursor_that_goes_back_in_time_is_usable_if_what_comes_after_it_was_purged_and_it_exists(bool positionExists)
    {
        var check = () => new FeedCursor(Epoch, Middle, FeedPosition.Start).EnsureUsable(
            new FeedState(Epoch, positionExists ? new FeedPosition(ulong.MaxValue, Guid.Empty, 1) : FeedPosition.Start, positionExists), isDescending: true);

        if (positionExists)
        {
            check.ShouldNotThrow();
        }
        else
        {
            check.ShouldThrow<GoneException>();
        }
    }

    [TestCase(Epoch - 1)]
    [TestCase(Epoch + 1)]
    public void Cursor_of_another_epoch_is_not_usable(int epoch) =>
        Should.Throw<GoneException>(() => new FeedCursor(Epoch, Middle, FeedPosition.Start).EnsureUsable(new FeedState(epoch, FeedPosition.Start, PositionExists: true)));

    [Test]
    public void Positions_are_ordered_by_transaction_then_deployment_then_version()
    {
        var (first, second) = (Guid.Parse("00000000-0000-0000-0000-0000000000ff"), Guid.Parse("ff000000-0000-0000-0000-000000000000"));
        FeedPosition[] ordered = [FeedPosition.Start, new(1, first, 1), new(1, first, 2), new(1, second, 1), new(2, first, 1)];

        foreach (var (left, right) in ordered.Zip(ordered.Skip(1)))
        {
            (right > left).ShouldBeTrue();
            (left < right).ShouldBeTrue();
            (left > right).ShouldBeFalse();
        }
    }
}
