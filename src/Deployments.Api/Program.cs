using Deployments.Api;
using Deployments.Api.Commands;
using Deployments.Application;
using Deployments.Infrastructure;

try
{
    var builder = WebApplication.CreateBuilder(args);
    var serves = !CommandLine.Names(args);

    await using var postgres = serves ? await PrivatePostgresDefault.StartIfNeededAsync(builder) : null;

    builder.Services
        .AddApplication(builder.Configuration["AutoMapper:LicenseKey"])
        .AddInfrastructure(builder.Configuration)
        .AddApi(builder.Configuration, builder.Environment);

    await using var app = builder.Build();
    if (!serves)
    {
        return await CommandLine.RunAsync(app, args);
    }

    app.UseApi();
    if (app.Environment.IsDevelopment())
    {
        Welcome.PrintWhenStarted(app);
    }

    await app.RunAsync();
    return 0;
}
catch (StartupException refusal)
{
    await Console.Error.WriteLineAsync(refusal.Message);
    return 1;
}
