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

namespace Deployments.Api.Commands;

/// <summary>Prints the change feed of a project line by line, as a client of the service.</summary>
internal static class WatchCommand
{
    private const string TokenVariable = "DEPLOYMENTS_TOKEN";
    private const int Failed = 1;
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(45); // the service writes every fifteen

    public static Command Create(WebApplicationBuilder builder)
    {
        var project = TokenCommand.CreateProjectOption("The project to watch");
        var deployment = new Option<Guid?>("--deployment") { HelpName = "ID", Description = "Only this deployment, until it has ended." };
        var server = new Option<string?>("--server") { HelpName = "ID", Description = "Only the deployments of this server." };
        var url = new Option<Uri?>("--url") { HelpName = "URL", Description = "The service. Default: the first address that its settings name." };
        url.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && !(Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"))
            {
                result.AddError("--url must be an address such as http://localhost:5000.");
            }
        });
        var command = new Command(
            "watch",
            $"Print what happens to the deployments of a project, until it is terminated. In Development it makes its token; elsewhere it takes that of {TokenVariable}. Exit code with --deployment: 0: it is COMPLETE; 1: it is FAILED, or deleted, or the command was terminated first. 2: the service refuses the request.")
        {
            project, deployment, server, url,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var watch = new Watch(
                parsed.GetValue(url) ?? ListenAddresses.FindLocal(builder.Configuration, "watch"),
                parsed.GetRequiredValue(project),
                parsed.GetValue(deployment),
                parsed.GetValue(server),
                builder.Environment.IsDevelopment());
            try
            {
                return await watch.RunAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return parsed.GetValue(deployment) is null ? 0 : Failed; // its end is not known
            }
        });
        return command;
    }

    private sealed class Watch(Uri service, string project, Guid? deployment, string? server, bool isDevelopment)
        : IDisposable
    {
        private readonly HttpClient http = new() { Timeout = Timeout.InfiniteTimeSpan };
        private string? lastEventId;

        public async Task<int> RunAsync(CancellationToken cancellationToken)
        {
            string? reported = null; // each reason once
            while (true)
            {
                try
                {
                    if (await FollowAsync(() => reported = null, cancellationToken) is { } exitCode)
                    {
                        return exitCode;
                    }
                }
                catch (HttpRequestException exception)
                {
                    if (exception.Message != reported)
                    {
                        await Console.Error.WriteLineAsync($"Trying again: {exception.Message}");
                        reported = exception.Message;
                    }
                }

                await Task.Delay(RetryPause * (0.5 + Random.Shared.NextDouble()), cancellationToken);
            }
        }

        public void Dispose() => http.Dispose();

        /// <returns>The exit code; null where the stream has ended, and is to be continued.</returns>
        private async Task<int?> FollowAsync(Action connected, CancellationToken cancellationToken)
        {
            using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            silence.CancelAfter(QuietTime);
            using var request = CreateRequest($"events{(deployment is { } id ? $"?deployment_id={id}&" : "?")}{(server is null ? string.Empty : $"server_id={Uri.EscapeDataString(server)}&")}after={ReadChangeFeedQuery.Now}");
            request.Headers.Accept.ParseAdd(EventStream.MediaType);
            if (lastEventId is not null)
            {
                request.Headers.Add(FollowChangeFeedQuery.LastEventIdHeader, lastEventId);
            }

            using var response = await SendAsync(request, silence.Token, cancellationToken);
            if (response.StatusCode == HttpStatusCode.Gone && lastEventId is not null)
            {
                await Console.Error.WriteLineAsync("Some events are lost: the database was restored, or they have been purged.");
                lastEventId = null;
                return null;
            }

            if (response.StatusCode != HttpStatusCode.OK)
            {
                return await RefuseAsync(response, silence.Token);
            }

            connected();

            // What it was before the first event of the stream.
            if (lastEventId is null && deployment is not null && await PrintStateAsync(silence.Token, cancellationToken) is { } ended)
            {
                return ended;
            }

            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            await using var items = SseParser.Create(body).EnumerateAsync(silence.Token).GetAsyncEnumerator(silence.Token);
            while (await ReadAsync(items, cancellationToken))
            {
                silence.CancelAfter(QuietTime);
                if (items.Current.EventType != EventStream.Bookmark && PrintEvent(JsonElement.Parse(items.Current.Data)) is { } exitCode)
                {
                    return exitCode;
                }

                lastEventId = items.Current.EventId ?? lastEventId;
            }

            return null;
        }

        private static async Task<bool> ReadAsync(IAsyncEnumerator<SseItem<string>> items, CancellationToken cancellationToken)
        {
            try
            {
                return await items.MoveNextAsync();
            }
            catch (Exception exception) when (exception is IOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                return false; // it is continued
            }
        }

        private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken silence, CancellationToken cancellationToken)
        {
            HttpResponseMessage response;
            try
            {
                response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, silence);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new HttpRequestException("The service does not respond.");
            }

            if (response.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests
                or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout)
            {
                using (response)
                {
                    throw new HttpRequestException($"The service responded with {(int)response.StatusCode}.");
                }
            }

            return response;
        }

        private HttpRequestMessage CreateRequest(string path) => new(HttpMethod.Get, new Uri($"{service.AbsoluteUri.TrimEnd('/')}/v1/{Uri.EscapeDataString(project)}/{path}"))
        {
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", FindToken()) },
        };

        private string FindToken() =>
            Environment.GetEnvironmentVariable(TokenVariable) is { Length: > 0 } token ? token
            : isDevelopment ? DevelopmentKey.CreateToken(project, [ProjectAuthorizationHandler.Member], TimeSpan.FromHours(1))
            : string.Empty;

        /// <returns>The exit code, if the deployment has ended.</returns>
        private async Task<int?> PrintStateAsync(CancellationToken silence, CancellationToken cancellationToken)
        {
            using var request = CreateRequest($"software_deployments/{deployment}");
            using var response = await SendAsync(request, silence, cancellationToken);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return await RefuseAsync(response, silence);
            }

            var state = JsonElement.Parse(await response.Content.ReadAsStringAsync(silence)).GetProperty("software_deployment");
            return Print("is", state, Text(state, "id"), state.TryGetProperty("updated_time", out var updated) && updated.ValueKind == JsonValueKind.String ? updated : state.GetProperty("creation_time"));
        }

        private int? PrintEvent(JsonElement entry) => Print(Text(entry, "type"), entry, Text(entry, "deployment_id"), entry.GetProperty("time"));

        /// <returns>The exit code, if it is the end of the deployment that is watched.</returns>
        private int? Print(string type, JsonElement entry, string id, JsonElement time)
        {
            var status = Text(entry, "status");
            var local = DateTimeOffset.Parse(time.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
            Console.WriteLine(
                $"{local} {type,-7} {id} {Text(entry, "config_id")} on {Text(entry, "server_id")}: {status} {Text(entry, "status_reason")}".TrimEnd());
            return deployment is null ? null : (type, status) switch
            {
                ("deleted", _) or (_, "FAILED") => Failed,
                (_, "COMPLETE") => 0,
                _ => null,
            };
        }

        private static string Text(JsonElement entry, string member) => CommandLine.Escape(entry.GetProperty(member).GetString() ?? string.Empty);

        private static async Task<int> RefuseAsync(HttpResponseMessage response, CancellationToken cancellationToken)
        {
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            string? detail = null;
            try
            {
                detail = JsonElement.Parse(text).GetProperty("detail").GetString();
            }
            catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                // It is not a response of the service.
            }

            return CommandLine.Refuse($"watch: {(int)response.StatusCode}: {CommandLine.Escape(detail ?? response.ReasonPhrase ?? string.Empty)}");
        }
    }
}
