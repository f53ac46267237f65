using System.Net;
using System.Reflection;
using System.Runtime.InteropServices;
using Deployments.Agent;

const int cannotStart = 1;
const int wrongUsage = 2;

// A script gets this long to end before it is ended, and the last outcomes this long to be reported.
var scriptGrace = TimeSpan.FromMinutes(1);
var reportGrace = TimeSpan.FromSeconds(5);

var version = typeof(AgentLoop).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
if (args is ["--help" or "-h", ..])
{
    Console.WriteLine(CommandLine.Help);
    return 0;
}

if (args is ["--version", ..])
{
    Console.WriteLine(version);
    return 0;
}

try
{
    var options = CommandLine.Parse(args, Environment.GetEnvironmentVariable, AgentLog.Write);
    await RunAsync(options);
    return 0;
}
catch (UsageException exception)
{
    Console.Error.WriteLine(exception.Message);
    return wrongUsage;
}
catch (StartException exception)
{
    Console.Error.WriteLine(exception.Message);
    return cannotStart;
}

async Task RunAsync(AgentOptions options)
{
    using var stopping = new CancellationTokenSource();
    using var abandon = new CancellationTokenSource();
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);

    Libc.HandleBrokenPipes();
    using var journal = RunJournal.Open(options.StateFolder);
    using var http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(10), AutomaticDecompression = DecompressionMethods.All })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };
    http.DefaultRequestHeaders.UserAgent.ParseAdd($"deployments-agent/{version.Split('+')[0]}");

    var clock = TimeProvider.System;
    var serviceClock = new ServiceClock(clock);
    var address = new MetadataAddress(options.MetadataUrl, options.StateFolder, AgentLog.Write);
    var client = new MetadataClient(http, address, serviceClock, clock, AgentLog.Write);
    var executor = new RunExecutor(options.HooksFolder, journal, serviceClock, clock, AgentLog.Write, abandon.Token);
    using var sender = new OutcomeSender(http, journal, clock, AgentLog.Write, stopping.Token);

    AgentLog.Write($"Deployments agent {version}, state in {options.StateFolder}, hooks in {options.HooksFolder}.");
    await new AgentLoop(client, journal, executor, sender, clock, AgentLog.Write).RunAsync(stopping.Token);
    await sender.StopAsync(reportGrace);

    void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        if (stopping.IsCancellationRequested)
        {
            abandon.Cancel(); // the second signal: at once
            return;
        }

        abandon.CancelAfter(scriptGrace);
        stopping.Cancel();
        AgentLog.Write("Stopping: no run is started any more; waiting at most a minute for the one that runs.");
    }
}
