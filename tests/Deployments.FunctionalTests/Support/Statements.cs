using System.Collections.Concurrent;
using System.Diagnostics;

namespace Deployments.FunctionalTests.Support;

/// <summary>Listens for the statements that a request sends to the database, by the driver's own account.</summary>
internal sealed class Statements : IDisposable
{
    private readonly ActivityTraceId trace = ActivityTraceId.CreateRandom();
    private readonly ConcurrentQueue<string> captured = [];
    private readonly ActivityListener listener;

    public Statements()
    {
        listener = new ActivityListener
        {
            // The server's own activity takes over the trace that the request names; the driver's hang below it.
            ShouldListenTo = source => source.Name is "Npgsql" or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                // To open a connection is an activity too, without a text.
                if (activity.TraceId == trace && activity.Source.Name == "Npgsql" && activity.GetTagItem("db.query.text") is string text)
                {
                    captured.Enqueue(text);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
    }

    /// <summary>The header by which a request is recognised.</summary>
    public (string Name, string Value) Trace => ("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01");

    public IReadOnlyCollection<string> Captured => captured;

    public void Dispose() => listener.Dispose();
}
