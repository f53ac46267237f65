using Deployments.Api.Authentication;
using Deployments.Api.Errors;
using Deployments.Api.Http;
using Deployments.Api.Json;
using Deployments.Api.Observability;
using Deployments.Api.OpenApi;
using Deployments.Application;
using Deployments.Application.SoftwareDeployments;
using Deployments.Infrastructure;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.Extensions.Options;

namespace Deployments.Api;

/// <summary>Registers what speaks HTTP, and puts it in order.</summary>
internal static class DependencyInjection
{
    /// <summary>The whole service: its use cases, its storage and its HTTP.</summary>
    public static WebApplicationBuilder AddDeployments(this WebApplicationBuilder builder)
    {
        var settings = Read(() => ServiceOptions.From(builder.Configuration));
        builder.Services.AddSingleton(Options.Create(settings));
        builder.Services.AddSingleton(new ConfigReferences(KnownOnly: settings.ConfigReferences == ConfigReferenceRule.Known));
        Read(() => builder.Services.AddInfrastructure(builder.Configuration));
        builder.Services
            .AddApplication(builder.Configuration["AutoMapper:LicenseKey"])
            .AddApi(settings)
            .AddTokenAuthentication(builder.Configuration, builder.Environment);
        builder.AddConsoleLogging();
        builder.AddTelemetry();
        return builder;
    }

    public static void UseApi(this WebApplication app)
    {
        var settings = app.Services.GetRequiredService<IOptions<ServiceOptions>>().Value;
        app.Services.RequireTokenKeys();
        app.UseForwardedAddresses(settings.Proxies);
        app.UseRequestId();
        app.UseRequestLog();
        app.UseCors(settings.CorsOrigins);
        app.UseExceptionHandler(_ => { });
        app.UseStatusCodePages(context => context.HttpContext.RequestServices.GetRequiredService<ErrorWriter>()
            .WriteAsync(context.HttpContext, context.HttpContext.Response.StatusCode));
        app.UseRequestTimeouts();
        app.UseOpenApi();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseRateLimit(settings.RateLimit);
        app.MapHealth();
        app.MapVersions();
        app.MapPostOnly(Routes.Project + "/software_deployments/batch");
        app.MapControllers();
    }

    private static T Read<T>(Func<T> settings)
    {
        try
        {
            return settings();
        }
        catch (InvalidOperationException exception)
        {
            // What follows is the name of one of our types.
            throw new StartupException($"{exception.Message.Split(" to type ")[0].TrimEnd('.')}.");
        }
    }

    private static IServiceCollection AddApi(this IServiceCollection services, ServiceOptions settings)
    {
        services.AddBounds(settings);
        services.AddRateLimit(settings.RateLimit);
        services.AddDraining();
        services.Configure<RouteOptions>(Routes.AddConstraints);

        services
            .AddControllers(mvc =>
            {
                mvc.Filters.Add(new AcceptFilter());
                mvc.Filters.Add(new UrlFilter());
                mvc.Filters.Add(new Idempotency.OneKey());
                mvc.Filters.Add<EntityTags>();
                mvc.ModelMetadataDetailsProviders.Add(new EmptyIsGiven());
            })
            .AddJsonOptions(json => JsonPolicy.Apply(json.JsonSerializerOptions, settings.TimeFormat))
            .ConfigureApiBehaviorOptions(api => api.InvalidModelStateResponseFactory = ModelRefusal.Refuse);
        services.AddSingleton(_ => new LargeBodies(Math.Max(settings.MaxBodyBytes, settings.MaxBatchBytes)));
        services.AddOptions<MvcOptions>().Configure<IOptions<JsonOptions>, LargeBodies>((mvc, json, large) =>
        {
            // Everything else that reads a body goes: a form, too, is a body of the wrong type.
            mvc.ValueProviderFactories.RemoveType<FormValueProviderFactory>();
            mvc.ValueProviderFactories.RemoveType<JQueryFormValueProviderFactory>();
            mvc.ValueProviderFactories.RemoveType<FormFileValueProviderFactory>();
            mvc.InputFormatters.Clear();
            mvc.InputFormatters.Add(new JsonBodyFormatter(
                json.Value.JsonSerializerOptions, settings.MaxBodyBytes, settings.MaxBatchBytes, large));
        });

        services.AddCors();
        services.AddSingleton<ErrorWriter>();
        services.AddExceptionHandler<ExceptionHandler>();
        services.AddOpenApi();
        return services;
    }
}
