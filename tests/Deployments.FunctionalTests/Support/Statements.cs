using System.Collections.Concurrent;
using System.Diagnostics;

namespace Deployments.FunctionalTests.Support;

/// <summary>Records the statements that a request sends to the database, from the driver's activities.</summary>
internal sealed class Statements : IDisposable
{
    private readonly ActivityTraceId trace = ActivityTraceId.CreateRandom();
    private readonly ConcurrentQueue<string> captured = [];
    private readonly ActivityListener listener;

    public Statements()
    {
        listener = new ActivityListener
        {
            // The server's activity continues the trace of the request; the driver's activities are its children.
            ShouldListenTo = source => source.Name is "Npgsql" or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                // Opening a connection is an activity too, without a statement; and what sets up its session is none of the request's.
                if (activity.TraceId == trace && activity.Source.Name == "Npgsql" && activity.GetTagItem("db.query.text") is string text
                    && !text.StartsWith("SET ", StringComparison.Ordinal))
                {
                    captured.Enqueue(text);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
    }

    /// <summary>The header that identifies the request.</summary>
    public (string Name, string Value) Trace => ("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01");

    public IReadOnlyCollection<string> Captured => captured;

    public void Dispose() => listener.Dispose();
}
