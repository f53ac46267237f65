extern alias agent;

using System.Net;
using agent::Deployments.Agent;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.AgentProgram;

public sealed class OutcomeSenderTests
{
    private static readonly RunRecord Run = new(Guid.NewGuid(), "http://s/signals/1", "PUT", """{"deploy_status_code":0}""");

    [TestCase(HttpStatusCode.NoContent, true)]
    [TestCase(HttpStatusCode.Created, true)]
    [TestCase(HttpStatusCode.BadRequest, true)]
    [TestCase(HttpStatusCode.NotFound, true)]
    [TestCase(HttpStatusCode.RequestEntityTooLarge, true)]
    [TestCase(HttpStatusCode.OK, false)]
    [TestCase(HttpStatusCode.Unauthorized, false)]
    [TestCase(HttpStatusCode.Forbidden, false)]
    [TestCase(HttpStatusCode.RequestTimeout, false)]
    [TestCase(HttpStatusCode.TooManyRequests, false)]
    [TestCase(HttpStatusCode.InternalServerError, false)]
    [TestCase(HttpStatusCode.ServiceUnavailable, false)]
    public void Outcome_is_final_only_when_it_was_taken_or_never_will_be(HttpStatusCode status, bool isFinal)
    {
        using var agent = new Fixture();
        agent.Service.Respond = _ => new HttpResponseMessage(status);

        agent.Send();

        agent.IsComplete.ShouldBe(isFinal);
    }

    [Test]
    public async Task Outcome_is_sent_about_once_a_minute_while_the_service_is_down_for_an_hour_and_then_taken()
    {
        using var agent = new Fixture();
        agent.Service.Respond = _ => throw new HttpRequestException("Connection refused");

        agent.Send();
        var outage = await agent.MoveUntilAsync(() => agent.Service.Requests.Count >= 80);
        outage.ShouldBeGreaterThan(TimeSpan.FromMinutes(35));
        agent.IsComplete.ShouldBeFalse();

        agent.Service.Respond = _ => new HttpResponseMessage(HttpStatusCode.NoContent);
        await agent.MoveUntilAsync(() => agent.IsComplete);
        agent.Service.Requests.ShouldAllBe(request => request == "PUT http://s/signals/1");
        agent.Log.Count(line => line.Contains("will be sent again")).ShouldBe(1);
        agent.Log.ShouldAllBe(line => !line.Contains("/signals/"));
    }

    [Test]
    public void Outcome_whose_redirection_became_another_method_is_sent_again()
    {
        using var agent = new Fixture();
        agent.Service.Respond = request =>
        {
            request.Method = HttpMethod.Get; // as HttpClient follows 301, 302 and 303
            return new HttpResponseMessage(HttpStatusCode.NotFound);
        };

        agent.Send();

        agent.IsComplete.ShouldBeFalse();
    }

    [Test]
    public async Task Outcome_that_could_not_be_stored_is_stored_before_it_is_sent_again()
    {
        using var agent = new Fixture();
        agent.Journal.Start(Run with { Body = null });
        var obstacle = Path.Combine(agent.Folder, "pending", $"{Run.Id}.json.new");
        Directory.CreateDirectory(obstacle);
        agent.Send(isStored: false);
        agent.Journal.ReadPending(agent.Log.Add).ShouldBe([Run with { Body = null }]);

        Directory.Delete(obstacle);

        await agent.MoveUntilAsync(() => agent.Service.Requests.Count == 2);
        agent.Journal.ReadPending(agent.Log.Add).ShouldBe([Run]);
    }

    [Test]
    public async Task Outcome_that_could_not_be_stored_is_stored_when_the_agent_stops()
    {
        using var agent = new Fixture();
        agent.Journal.Start(Run with { Body = null });
        var obstacle = Path.Combine(agent.Folder, "pending", $"{Run.Id}.json.new");
        Directory.CreateDirectory(obstacle);
        agent.Send(isStored: false);
        Directory.Delete(obstacle);

        await agent.StopAsync();

        agent.Journal.ReadPending(agent.Log.Add).ShouldBe([Run]);
        agent.Service.Requests.Count.ShouldBe(1);
    }

    [Test]
    public void Outcome_that_was_not_taken_is_left_for_the_next_start()
    {
        using var agent = new Fixture();
        agent.Send();

        agent.Stopping.Cancel();

        agent.Journal.ReadPending(agent.Log.Add).ShouldBe([Run]);
        agent.Journal.Contains(Run.Id).ShouldBeTrue();
    }

    private sealed class Fixture : IDisposable
    {
        private readonly ManualClock clock = new();
        private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();
        private readonly HttpClient http;
        private readonly OutcomeSender sender;

        public Fixture()
        {
            Journal = RunJournal.Open(folder.FullName);
            Journal.Start(Run with { Body = null });
            Journal.End(Run);
            http = new HttpClient(Service);
            sender = new OutcomeSender(http, Journal, clock, Log.Add, Stopping.Token);
        }

        public string Folder => folder.FullName;

        public FakeService Service { get; } = new();

        public RunJournal Journal { get; }

        public List<string> Log { get; } = [];

        public CancellationTokenSource Stopping { get; } = new();

        /// <summary>Whether nothing is left to report.</summary>
        public bool IsComplete => Journal.ReadPending(Log.Add).Count == 0;

        public void Send(bool isStored = true) => sender.Send(Run, isStored);

        public async Task StopAsync()
        {
            await Stopping.CancelAsync();
            await sender.StopAsync(TimeSpan.FromMinutes(1));
        }

        /// <summary>Moves the clock until a condition holds, and returns by how much.</summary>
        public async Task<TimeSpan> MoveUntilAsync(Func<bool> condition)
        {
            var start = clock.GetUtcNow();
            while (!condition())
            {
                clock.Move(TimeSpan.FromSeconds(10));
                await Task.Delay(1); // for what the clock has woken
            }

            return clock.GetUtcNow() - start;
        }

        public void Dispose()
        {
            Stopping.Cancel();
            Stopping.Dispose();
            sender.Dispose();
            http.Dispose();
            Journal.Dispose();
            folder.Delete(recursive: true);
        }
    }
}
