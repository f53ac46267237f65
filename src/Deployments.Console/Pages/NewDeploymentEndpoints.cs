using System.Globalization;
using System.Net;
using System.Text.Json;
using Deployments.Client;
using Deployments.WebConsole.SignIn;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Deployments.WebConsole.Pages;

/// <summary>Makes deployments of one configuration to some servers.</summary>
internal static class NewDeploymentEndpoints
{
    private const string Path = "new-deployment";
    private const int ConfigsShown = 200;

    public static void MapNewDeployment(this IEndpointRouteBuilder console)
    {
        console.MapGet(Path, ShowAsync);
        console.MapPost(Path, CreateAsync);
    }

    private static async Task<IResult> ShowAsync(
        HttpContext http,
        IDeploymentsClient client,
        [Microsoft.AspNetCore.Mvc.FromQuery(Name = "config_id")] Guid? configId,
        [Microsoft.AspNetCore.Mvc.FromQuery(Name = "server_id")] string? serverId)
    {
        var project = Visitor.Of(http).Project;
        if (configId is { } id)
        {
            var config = (await client.GetSoftwareConfigAsync(project, id, cancellationToken: http.RequestAborted)).SoftwareConfig;
            return Page.Show<NewDeploymentPage>(new NewDeploymentPage.Content(config, NewDeploymentForm.Empty(config, serverId ?? string.Empty), Problem: null));
        }

        var configs = await client.ListSoftwareConfigsAsync(project, ConfigsShown, cancellationToken: http.RequestAborted);
        return Page.Show<ChooseConfigPage>(new ChooseConfigPage.Content(configs.SoftwareConfigs, configs.SoftwareConfigsLinks is not null, serverId));
    }

    private static async Task<IResult> CreateAsync(HttpContext http, IDeploymentsClient client)
    {
        var project = Visitor.Of(http).Project;
        var form = await http.Request.ReadFormAsync(http.RequestAborted);
        if (!Guid.TryParse(form["config_id"], out var configId))
        {
            return Page.Error(HttpStatusCode.BadRequest, "The form names no configuration.");
        }

        var config = (await client.GetSoftwareConfigAsync(project, configId, cancellationToken: http.RequestAborted)).SoftwareConfig;
        var sent = NewDeploymentForm.Read(config, form);
        if (sent.FindProblem() is { } problem)
        {
            return Refuse(problem, HttpStatusCode.BadRequest);
        }

        try
        {
            var created = await client.CreateSoftwareDeploymentsAsync(project, sent.ToBody(config), sent.Key, http.RequestAborted);
            return Results.LocalRedirect(http.ConsolePath(
                created.SoftwareDeployments is [var single] ? $"deployments/{single.Id}" : "activity"));
        }
        catch (DeploymentsException exception) when (exception.StatusCode is >= 400 and < 500 and not StatusCodes.Status401Unauthorized)
        {
            return Refuse(PageFilter.Explain(exception), (HttpStatusCode)exception.StatusCode);
        }

        IResult Refuse(string reason, HttpStatusCode status) =>
            Page.Show<NewDeploymentPage>(new NewDeploymentPage.Content(config, sent, reason), status);
    }
}

/// <summary>What the form for new deployments holds.</summary>
/// <param name="Key">The idempotency key: a form that is sent twice creates once.</param>
/// <param name="Servers">The servers, one on a line.</param>
/// <param name="Timeout">The timeout in seconds; empty for none.</param>
/// <param name="Inputs">The text of each declared input.</param>
public sealed record NewDeploymentForm(string Key, string Servers, string Timeout, IReadOnlyDictionary<string, string> Inputs)
{
    private const int MaxServers = 1_000;
    private const string DefaultTimeout = "3600";

    private List<string> ServerIds =>
        [.. Servers.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0).Distinct(StringComparer.Ordinal)];

    public static NewDeploymentForm Empty(SoftwareConfig config, string server) => new(
        Guid.NewGuid().ToString(), server, DefaultTimeout, config.Inputs.ToDictionary(input => input.Name, DefaultText));

    public static NewDeploymentForm Read(SoftwareConfig config, IFormCollection form) => new(
        form["key"].ToString(),
        form["servers"].ToString().ReplaceLineEndings("\n"),
        form["timeout"].ToString().Trim(),
        config.Inputs.Index().ToDictionary(input => input.Item.Name, input => form[InputField(input.Index)].ToString().ReplaceLineEndings("\n")));

    /// <summary>The name of an input's field. Not by the input's own name: to a form "a" and "A" are one, and a long name is refused.</summary>
    public static string InputField(int index) => $"input.{index.ToString(CultureInfo.InvariantCulture)}";

    public string? FindProblem() => ServerIds.Count switch
    {
        0 => "Enter at least one server.",
        > MaxServers => $"These are {ServerIds.Count} servers, and at most {MaxServers} are taken at once.",
        _ when Timeout.Length > 0 && ReadTimeout() is null => "The timeout must be a number of seconds.",
        _ => null,
    };

    public CreateSoftwareDeploymentsBody ToBody(SoftwareConfig config)
    {
        var values = config.Inputs.Where(input => Inputs[input.Name] != DefaultText(input)).ToDictionary(input => input.Name, input => Value(input.Type, Inputs[input.Name]));
        return new CreateSoftwareDeploymentsBody
        {
            SoftwareDeployments =
            [
                .. ServerIds.Select(server => new CreateSoftwareDeploymentBody
                {
                    ConfigId = config.Id.ToString(),
                    ServerId = server,
                    Action = "CREATE",
                    InputValues = values,
                    Timeout = ReadTimeout(),
                }),
            ],
        };
    }

    /// <summary>The default as the form shows it; what is left so is not sent, and the configuration's own holds.</summary>
    public static string DefaultText(ConfigInput input) => input.Default is { ValueKind: not JsonValueKind.Null } value ? JsonValue.Text(value).ReplaceLineEndings("\n") : string.Empty;

    private int? ReadTimeout() => int.TryParse(Timeout, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : null;

    // Numbers, Booleans and JSON as such where they are; else the text, for the script to judge.
    private static JsonElement Value(ConfigValueType type, string text)
    {
        if (type is ConfigValueType.Number or ConfigValueType.Boolean or ConfigValueType.Json)
        {
            try
            {
                return JsonElement.Parse(text);
            }
            catch (JsonException)
            {
                // Not of this type: sent as it is.
            }
        }

        return JsonSerializer.SerializeToElement(text);
    }
}
