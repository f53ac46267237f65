using Deployments.Client;
using Microsoft.Extensions.DependencyInjection;

var services = new ServiceCollection();
services.AddDeploymentsClient(new Uri(args[0]), _ => ValueTask.FromResult(args[1]));
var client = services.BuildServiceProvider().GetRequiredService<IDeploymentsClient>();
var created = await client.CreateSoftwareDeploymentAsync("demo", new() { ConfigId = "install", ServerId = "web-1" });
var done = await client.UpdateSoftwareDeploymentAsync("demo", created.SoftwareDeployment.Id, new() { Status = DeploymentStatus.Complete });
Console.WriteLine($"{done.SoftwareDeployment.Id} on {done.SoftwareDeployment.ServerId}: {done.SoftwareDeployment.Status}");
