using Deployments.Api.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.Api;

public sealed class RequestBodyMemoryTests
{
    private const int Largest = 1_000_000;

    [Test]
    public async Task Body_enters_when_the_responses_to_earlier_bodies_have_started()
    {
        using var bodies = new RequestBodyMemory(Largest);
        var response = new TestResponse();
        await bodies.EnterAsync(new DefaultHttpContext(response.Features), 900_000);

        var small = bodies.EnterAsync(new DefaultHttpContext(), 50_000);
        var large = bodies.EnterAsync(new DefaultHttpContext(), 200_000);
        var hadToWait = !large.IsCompleted;
        await response.StartAsync();

        small.IsCompletedSuccessfully.ShouldBeTrue();
        hadToWait.ShouldBeTrue();
        await large.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Test]
    public async Task Body_over_the_limit_enters_alone()
    {
        using var bodies = new RequestBodyMemory(Largest);

        await bodies.EnterAsync(new DefaultHttpContext(), Largest * 2).WaitAsync(TimeSpan.FromSeconds(5));

        bodies.EnterAsync(new DefaultHttpContext(), 1).IsCompleted.ShouldBeFalse();
    }

    /// <summary>A response that starts on demand.</summary>
    private sealed class TestResponse : HttpResponseFeature
    {
        private readonly List<Func<Task>> callbacks = [];

        public IFeatureCollection Features => new FeatureCollection
        {
            [typeof(IHttpRequestFeature)] = new HttpRequestFeature(),
            [typeof(IHttpResponseFeature)] = this,
        };

        public override void OnStarting(Func<object, Task> callback, object state) => callbacks.Add(() => callback(state));

        public Task StartAsync() => Task.WhenAll(callbacks.Select(callback => callback()));
    }
}
