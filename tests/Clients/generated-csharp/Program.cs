// A deployment is created, listed and changed, and a refusal's reason read, by the client of each generator.
using System.Net.Http.Headers;
using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary;
using Kiota = Generated.Kiota;
using NewtonsoftJson = Generated.NewtonsoftJson;
using SystemTextJson = Generated.SystemTextJson;

const string Project = "generated";
const string Config = "8da95794-2ad9-4979-8ae5-739ce314c5cd";

var service = Environment.GetEnvironmentVariable("SERVICE_URL")!;
using var http = new HttpClient
{
    DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", Environment.GetEnvironmentVariable("TOKEN")) },
};

(string Generator, Func<string, Task<string?>> RoundTrip)[] clients =
    [("NSwag with System.Text.Json", WithSystemTextJson), ("NSwag with Newtonsoft.Json", WithNewtonsoft), ("Kiota", WithKiota)];
var failed = 0;
foreach (var (generator, roundTrip) in clients)
{
    try
    {
        var reason = await roundTrip($"{generator} {Guid.NewGuid()}");
        Check(reason?.StartsWith("config_id", StringComparison.Ordinal) == true, $"The reason is {reason}");
        Console.WriteLine($"ok: {generator}");
    }
    catch (Exception exception)
    {
        failed++;
        Console.WriteLine($"FAILED: {generator}: {exception}");
    }
}

Console.WriteLine($"{clients.Length - failed} passed, {failed} failed, 0 skipped");
return failed > 0 ? 1 : 0;

async Task<string?> WithSystemTextJson(string server)
{
    var client = new SystemTextJson.DeploymentsClient(service, http);
    SystemTextJson.CreateSoftwareDeploymentBody body =
        new() { Config_id = Config, Server_id = server, Status = SystemTextJson.DeploymentStatus.IN_PROGRESS };
    var created = (await client.CreateSoftwareDeploymentAsync(Project, body)).Software_deployment;
    Check(created.Status == body.Status, "POST returned another status.");
    Check((await client.ListSoftwareDeploymentsAsync(Project, server, status: body.Status)).Software_deployments.Single().Id == created.Id, "The list is wrong.");

    var update = new SystemTextJson.UpdateSoftwareDeploymentBody { Status = SystemTextJson.DeploymentStatus.COMPLETE };
    var updated = (await client.UpdateSoftwareDeploymentAsync(Project, created.Id, update)).Software_deployment;
    Check(updated.Status == update.Status, "PUT returned another status.");

    try
    {
        await client.CreateSoftwareDeploymentAsync(Project, new() { Config_id = " ", Server_id = server });
        return null;
    }
    catch (SystemTextJson.ApiException<SystemTextJson.Error> refused)
    {
        return refused.Result.Detail;
    }
}

async Task<string?> WithNewtonsoft(string server)
{
    var client = new NewtonsoftJson.DeploymentsClient(service, http);
    NewtonsoftJson.CreateSoftwareDeploymentBody body =
        new() { Config_id = Config, Server_id = server, Status = NewtonsoftJson.DeploymentStatus.IN_PROGRESS };
    var created = (await client.CreateSoftwareDeploymentAsync(Project, body)).Software_deployment;
    Check(created.Status == body.Status, "POST returned another status.");
    Check((await client.ListSoftwareDeploymentsAsync(Project, server, status: body.Status)).Software_deployments.Single().Id == created.Id, "The list is wrong.");

    var update = new NewtonsoftJson.UpdateSoftwareDeploymentBody { Status = NewtonsoftJson.DeploymentStatus.COMPLETE };
    var updated = (await client.UpdateSoftwareDeploymentAsync(Project, created.Id, update)).Software_deployment;
    Check(updated.Status == update.Status, "PUT returned another status.");

    try
    {
        await client.CreateSoftwareDeploymentAsync(Project, new() { Config_id = " ", Server_id = server });
        return null;
    }
    catch (NewtonsoftJson.ApiException<NewtonsoftJson.Error> refused)
    {
        return refused.Result.Detail;
    }
}

async Task<string?> WithKiota(string server)
{
    using var adapter = new HttpClientRequestAdapter(new AnonymousAuthenticationProvider(), httpClient: http) { BaseUrl = service };
    var deployments = new Kiota.DeploymentsClient(adapter).V1[Project].Software_deployments;
    Kiota.Models.CreateSoftwareDeploymentBody body =
        new() { ConfigId = Config, ServerId = server, Status = Kiota.Models.DeploymentStatus.IN_PROGRESS };
    var created = (await deployments.PostAsync(body))!.SoftwareDeployment!;
    Check(created.Status == body.Status, "POST returned another status.");
    var page = await deployments.GetAsync(request => (request.QueryParameters.ServerId, request.QueryParameters.StatusAsDeploymentStatus) = (server, body.Status));
    Check(page!.SoftwareDeployments!.Single().Id == created.Id, "The list is wrong.");

    var update = new Kiota.Models.UpdateSoftwareDeploymentBody { Status = Kiota.Models.DeploymentStatus.COMPLETE };
    var updated = (await deployments[created.Id!.Value].PutAsync(update))!.SoftwareDeployment!;
    Check(updated.Status == update.Status, "PUT returned another status.");

    try
    {
        await deployments.PostAsync(new() { ConfigId = " ", ServerId = server });
        return null;
    }
    catch (Kiota.Models.Error refused)
    {
        return refused.Message;
    }
}

static void Check(bool condition, string problem)
{
    if (!condition)
    {
        throw new InvalidOperationException(problem);
    }
}
