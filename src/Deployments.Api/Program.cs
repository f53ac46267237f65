using Deployments.Api;
using Deployments.Api.Commands;
using Deployments.Api.Hosting;
using Deployments.Api.Options;
using Microsoft.AspNetCore.Connections;

try
{
    // The settings are next to the program, wherever it is started from.
    var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
    if (CommandLine.Find(args) is { Length: > 0 } command)
    {
        return await CommandLine.RunAsync(command, builder);
    }

    await using var database = await DevelopmentDatabaseSetup.StartIfNeededAsync(builder);
    await using var app = builder.AddDeployments().Build();
    app.UseApi();
    if (app.Environment.IsDevelopment())
    {
        DevelopmentBanner.PrintWhenReady(app);
    }

    await app.RunAsync();
    return 0;
}
catch (Exception exception) when (InvalidConfigurationException.ReasonOf(exception) is { } reason)
{
    await Console.Error.WriteLineAsync(reason);
    return 1;
}
catch (IOException failure) when (failure.InnerException is AddressInUseException)
{
    await Console.Error.WriteLineAsync($"{failure.Message} ASPNETCORE_URLS or --urls chooses another.");
    return 1;
}
