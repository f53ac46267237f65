using Deployments.Api.Streaming;
using Deployments.Application.ChangeFeed;
using Deployments.Application.Common;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

/// <summary>How long a client may take to receive what is sent to it.</summary>
public sealed class EventStreamTests
{
    private static readonly TimeSpan Bookmark = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Stop = TimeSpan.FromMilliseconds(600);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10); // of the test
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    private ManualClock clock = null!;
    private Connection connection = null!;
    private Host host = null!;
    private ServiceProvider services = null!;

    [SetUp]
    public void Make()
    {
        clock = new ManualClock();
        connection = new Connection();
        host = new Host();
        services = new ServiceCollection()
            .AddSingleton<TimeProvider>(clock)
            .AddSingleton<IHostApplicationLifetime>(host)
            .AddSingleton(Options.Create(new TimeBudgets { Bookmark = Bookmark, Stop = Stop }))
            .AddSingleton(Options.Create(new JsonOptions()))
            .BuildServiceProvider();
    }

    [TearDown]
    public void Release()
    {
        services.Dispose();
        host.Dispose();
        connection.Dispose();
    }

    [Test]
    public async Task Client_that_takes_longer_than_the_interval_of_bookmarks_is_disconnected()
    {
        var writing = WriteAsync();

        clock.Move(Bookmark - Millisecond);
        writing.IsCompleted.ShouldBeFalse();

        clock.Move(Millisecond);
        await Should.ThrowAsync<OperationCanceledException>(writing);
        connection.IsAborted.ShouldBeTrue();
    }

    [Test]
    public async Task Client_that_is_written_to_when_the_service_stops_is_disconnected_soon()
    {
        var writing = WriteAsync();

        host.StopApplication();
        clock.Move(Stop - Millisecond);
        writing.IsCompleted.ShouldBeFalse();

        clock.Move(Millisecond);
        await Should.ThrowAsync<OperationCanceledException>(writing);
        connection.IsAborted.ShouldBeTrue();
    }

    [Test]
    public async Task Client_that_is_written_to_after_the_service_has_begun_to_stop_is_disconnected_soon()
    {
        host.StopApplication();
        var writing = WriteAsync();

        clock.Move(Stop);
        await Should.ThrowAsync<OperationCanceledException>(writing);
        connection.IsAborted.ShouldBeTrue();
    }

    [Test]
    public async Task Write_to_a_client_that_is_gone_is_cancelled()
    {
        using var gone = new CancellationTokenSource();
        var writing = WriteAsync(gone.Token);

        await gone.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(writing);
        connection.IsAborted.ShouldBeFalse();
    }

    [Test]
    public async Task Client_that_receives_what_is_sent_stays_connected()
    {
        var writing = WriteAsync();

        clock.Move(Bookmark - Millisecond);
        connection.Receive();

        await writing;
        connection.IsAborted.ShouldBeFalse();
    }

    private Task WriteAsync(CancellationToken cancellationToken = default)
    {
        var context = new DefaultHttpContext { RequestServices = services, Response = { Body = connection } };
        context.Features.Set<IHttpRequestLifetimeFeature>(connection);
        return new EventStream(context).WriteAsync([new FeedItem("cursor", Event: null)], cancellationToken).WaitAsync(Timeout, CancellationToken.None);
    }

    /// <summary>A connection to a client that does not receive anything before it is told to.</summary>
    private sealed class Connection : MemoryStream, IHttpRequestLifetimeFeature
    {
        private readonly TaskCompletionSource received = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsAborted { get; private set; }

        public CancellationToken RequestAborted { get; set; }

        public void Abort() => IsAborted = true;

        public void Receive() => received.SetResult();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            await received.Task.WaitAsync(cancellationToken);
    }

    private sealed class Host : IHostApplicationLifetime, IDisposable
    {
        private readonly CancellationTokenSource stopping = new();

        public CancellationToken ApplicationStarted => CancellationToken.None;

        public CancellationToken ApplicationStopping => stopping.Token;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void StopApplication() => stopping.Cancel();

        public void Dispose() => stopping.Dispose();
    }
}
