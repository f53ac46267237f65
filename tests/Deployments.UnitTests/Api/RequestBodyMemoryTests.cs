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
    public async Task Enter_waits_until_the_responses_of_earlier_bodies_have_started()
    {
        var bodies = new RequestBodyMemory(Largest);
        var answer = new Answer();
        await bodies.EnterAsync(new DefaultHttpContext(answer.Features), 900_000);

        var small = bodies.EnterAsync(new DefaultHttpContext(), 50_000);
        var large = bodies.EnterAsync(new DefaultHttpContext(), 200_000);
        var hadToWait = !large.IsCompleted;
        await answer.BeginAsync();

        small.IsCompletedSuccessfully.ShouldBeTrue();
        hadToWait.ShouldBeTrue();
        await large.WaitAsync(TimeSpan.FromMinutes(2));
    }

    [Test]
    public async Task Enter_with_a_body_larger_than_the_limit_is_processed_alone()
    {
        var bodies = new RequestBodyMemory(Largest);

        await bodies.EnterAsync(new DefaultHttpContext(), Largest * 2).WaitAsync(TimeSpan.FromMinutes(2));

        bodies.EnterAsync(new DefaultHttpContext(), 1).IsCompleted.ShouldBeFalse();
    }

    /// <summary>An answer that begins when it is told to.</summary>
    private sealed class Answer : HttpResponseFeature
    {
        private readonly List<Func<Task>> beginning = [];

        public IFeatureCollection Features => new FeatureCollection
        {
            [typeof(IHttpRequestFeature)] = new HttpRequestFeature(),
            [typeof(IHttpResponseFeature)] = this,
        };

        public override void OnStarting(Func<object, Task> callback, object state) => beginning.Add(() => callback(state));

        public Task BeginAsync() => Task.WhenAll(beginning.Select(begin => begin()));
    }
}
