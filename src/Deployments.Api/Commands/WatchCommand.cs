using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Deployments.Api.Authentication.KeySources;
using Deployments.Api.Authorization;
using Deployments.Api.Hosting;
using Deployments.Api.Streaming;
using Deployments.Application.ChangeFeed;
using Microsoft.AspNetCore.WebUtilities;

namespace Deployments.Api.Commands;

/// <summary>Prints the change feed of a project line by line, as a client of the service.</summary>
internal static class WatchCommand
{
    private const string TokenVariable = "DEPLOYMENTS_TOKEN";
    private const int Complete = 0;
    private const int Failed = 1;
    private const int Unreachable = 3;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan MaxQuietTime = TimeSpan.FromSeconds(45); // the service writes every fifteen

    public static Command Create(WebApplicationBuilder builder)
    {
        var project = TokenCommand.CreateProjectOption("The project to watch");
        var deployment = new Option<Guid?>("--deployment")
        {
            HelpName = "ID",
            Description = "Only this deployment, until it has ended.",
            CustomParser = result =>
            {
                if (Guid.TryParse(result.Tokens.Single().Value, out var id))
                {
                    return id;
                }

                result.AddError("--deployment must be the id of a deployment, a UUID.");
                return null;
            },
        };
        var server = new Option<string?>("--server") { HelpName = "ID", Description = "Only the deployments of this server." };
        var url = new Option<Uri?>("--url")
        {
            HelpName = "URL",
            Description = "The service. Default: the first address that its settings name.",
            CustomParser = result =>
            {
                if (Uri.TryCreate(result.Tokens.Single().Value, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
                {
                    return address;
                }

                result.AddError("--url must be an address such as http://localhost:5000.");
                return null;
            },
        };
        var command = new Command(
            "watch",
            "Print what happens to the deployments of a project, until the command is terminated; it goes on after a restart of the service. "
            + $"In Development it creates its token; elsewhere {TokenVariable} has to have one. Exit codes with --deployment: 0: it is COMPLETE; "
            + "1: it is FAILED; 2: how it ended is unknown: it does not exist or was deleted, the service refuses the request, or the command was "
            + "terminated first. 3: the service could not be reached at the start.")
        {
            project, deployment, server, url,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var name = parsed.GetRequiredValue(project);
            if (FindToken(name, builder.Environment) is not { } token)
            {
                return CommandLine.Refuse($"watch: {TokenVariable} must have a token for the project; only in Development the command creates one.");
            }

            using var watch = new Watch(
                parsed.GetValue(url) ?? ListenAddresses.FindLocal(builder.Configuration, "watch"), name, token, parsed.GetValue(deployment), parsed.GetValue(server));
            try
            {
                return await watch.RunAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return parsed.GetValue(deployment) is null ? 0 : CommandLine.Refuse("watch: terminated before the deployment had ended.");
            }
        });
        return command;
    }

    private static string? FindToken(string project, IHostEnvironment environment) => Environment.GetEnvironmentVariable(TokenVariable)?.Trim() switch
    {
        { Length: > 0 } token => token.All(character => character is > ' ' and <= '~') ? token : null,
        _ => environment.IsDevelopment() ? DevelopmentKey.CreateToken(project, [ProjectAuthorizationHandler.Member], TimeSpan.FromDays(365)) : null,
    };

    private sealed class Watch(Uri service, string project, string token, Guid? deployment, string? server) : IDisposable
    {
        private readonly HttpClient http = new(new HttpClientHandler { UseProxy = !service.IsLoopback })
        {
            BaseAddress = new Uri($"{service.AbsoluteUri.TrimEnd('/')}/v1/{Uri.EscapeDataString(project)}/"),
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
        };

        private bool hasConnected;
        private string? lastEventId;
        private string? reportedFailure; // each is reported once
        private TimeSpan retryAfter;

        public async Task<int> RunAsync(CancellationToken cancellationToken)
        {
            while (true)
            {
                retryAfter = TimeSpan.Zero;
                string? failure = "The service does not respond.";
                try
                {
                    if (await FollowAsync(cancellationToken) is { } exitCode)
                    {
                        return exitCode;
                    }

                    failure = null; // the stream has ended, and is to be continued
                }
                catch (HttpRequestException exception)
                {
                    failure = exception.Message;
                }
                catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
                {
                }

                if (failure is not null && !hasConnected)
                {
                    await Console.Error.WriteLineAsync($"watch: the service at {service} cannot be reached: {failure}");
                    return Unreachable;
                }

                if (failure is not null && failure != reportedFailure)
                {
                    await Console.Error.WriteLineAsync($"Trying again: {failure}");
                    reportedFailure = failure;
                }

                await Task.Delay(retryAfter + (RetryDelay * (0.5 + Random.Shared.NextDouble())), cancellationToken);
            }
        }

        public void Dispose() => http.Dispose();

        /// <returns>The exit code; null where the stream has ended, and is to be continued.</returns>
        private async Task<int?> FollowAsync(CancellationToken cancellationToken)
        {
            using var quiet = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            quiet.CancelAfter(MaxQuietTime);
            using var response = await SendAsync(CreateStreamRequest(), quiet.Token);
            if (response.StatusCode == HttpStatusCode.Gone && lastEventId is not null)
            {
                await Console.Error.WriteLineAsync("Some events are lost: the database was restored, or they have been purged.");
                lastEventId = null;
                return null;
            }

            if (response.StatusCode != HttpStatusCode.OK || response.Content.Headers.ContentType?.MediaType != EventStream.MediaType)
            {
                return await RefuseAsync(response, quiet.Token);
            }

            (hasConnected, reportedFailure) = (true, null);

            // What it was before the first event of the stream.
            if (lastEventId is null && deployment is not null && await PrintStateAsync(quiet.Token) is { } ended)
            {
                return ended;
            }

            await using var body = await response.Content.ReadAsStreamAsync(quiet.Token);
            await using var items = SseParser.Create(body).EnumerateAsync(quiet.Token).GetAsyncEnumerator(quiet.Token);
            while (await ReadAsync(items))
            {
                quiet.CancelAfter(MaxQuietTime);
                if (items.Current.EventType != EventStream.Bookmark && PrintEvent(JsonElement.Parse(items.Current.Data)) is { } exitCode)
                {
                    return exitCode;
                }

                lastEventId = items.Current.EventId ?? lastEventId;
            }

            return null;
        }

        private HttpRequestMessage CreateStreamRequest()
        {
            var path = QueryHelpers.AddQueryString("events", new Dictionary<string, string?>
            {
                ["after"] = ReadChangeFeedQuery.Now,
                ["deployment_id"] = deployment?.ToString(),
                ["server_id"] = server,
            });
            var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Accept = { new(EventStream.MediaType) } } };
            if (lastEventId is not null)
            {
                request.Headers.Add(FollowChangeFeedQuery.LastEventIdHeader, lastEventId);
            }

            return request;
        }

        /// <exception cref="HttpRequestException">The service cannot be reached, or cannot serve the request now.</exception>
        private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            using var sent = request;
            var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.StatusCode is not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError))
            {
                return response;
            }

            using (response)
            {
                var asked = response.Headers.RetryAfter?.Delta ?? TimeSpan.Zero;
                retryAfter = asked < MaxRetryAfter ? asked : MaxRetryAfter;
                throw new HttpRequestException($"The service responded with {(int)response.StatusCode}.");
            }
        }

        // A stream that breaks is continued as one that ends.
        private static async Task<bool> ReadAsync(IAsyncEnumerator<SseItem<string>> items)
        {
            try
            {
                return await items.MoveNextAsync();
            }
            catch (IOException)
            {
                return false;
            }
        }

        /// <returns>The exit code, if the deployment has ended, or there is none.</returns>
        private async Task<int?> PrintStateAsync(CancellationToken cancellationToken)
        {
            using var response = await SendAsync(new HttpRequestMessage(HttpMethod.Get, $"software_deployments/{deployment}"), cancellationToken);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return await RefuseAsync(response, cancellationToken);
            }

            var state = JsonElement.Parse(await response.Content.ReadAsStringAsync(cancellationToken)).GetProperty("software_deployment");
            return Print("is", Text(state, "id"), state.TryGetProperty("updated_time", out var updated) ? updated : state.GetProperty("creation_time"), state);
        }

        private int? PrintEvent(JsonElement entry) => Print(Text(entry, "type"), Text(entry, "deployment_id"), entry.GetProperty("time"), entry);

        /// <returns>The exit code, if it is the end of the deployment that is watched.</returns>
        private int? Print(string type, string id, JsonElement time, JsonElement entry)
        {
            var status = Text(entry, "status");
            var local = DateTimeOffset.Parse(time.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).ToLocalTime();
            var line = $"{local.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} {type,-7} {id} {Text(entry, "config_id")} on {Text(entry, "server_id")}: {status} {Text(entry, "status_reason")}";
            Console.WriteLine(line.TrimEnd());
            return deployment is null ? null : (type, status) switch
            {
                ("deleted", _) => CommandLine.Refuse("watch: the deployment was deleted."),
                (_, "COMPLETE") => Complete,
                (_, "FAILED") => Failed,
                _ => null,
            };
        }

        private static string Text(JsonElement entry, string member) => CommandLine.Escape(entry.GetProperty(member).GetString() ?? string.Empty);

        private static async Task<int> RefuseAsync(HttpResponseMessage response, CancellationToken cancellationToken)
        {
            string? detail = null;
            try
            {
                detail = JsonElement.Parse(await response.Content.ReadAsStringAsync(cancellationToken)).GetProperty("detail").GetString();
            }
            catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                // It is not a response of the service.
            }

            return CommandLine.Refuse($"watch: {(int)response.StatusCode}: {CommandLine.Escape(detail ?? response.ReasonPhrase ?? string.Empty)}");
        }
    }
}
