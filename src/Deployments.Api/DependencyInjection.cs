using Deployments.Api.Authentication;
using Deployments.Api.Errors;
using Deployments.Api.Hosting;
using Deployments.Api.Json;
using Deployments.Api.Middleware;
using Deployments.Api.Mvc;
using Deployments.Api.Mvc.Binding;
using Deployments.Api.Mvc.Filters;
using Deployments.Api.Observability;
using Deployments.Api.OpenApi;
using Deployments.Api.Options;
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
        builder.Services.AddSingleton(Microsoft.Extensions.Options.Options.Create(settings));
        builder.Services.AddSingleton(new ConfigReferences(RequireExisting: settings.ConfigReferences == ConfigReferenceRule.Known));
        builder.Services.AddSingleton(new SharedMetadata(settings.SharedMetadata));
        Read(() => builder.Services.AddInfrastructure(builder.Configuration));
        builder.Services
            .AddApplication()
            .AddApi(settings)
            .AddTokenAuthentication(builder.Configuration, builder.Environment);
        builder.AddConsoleLogging();
        builder.AddTelemetry();
        return builder;
    }

    public static void UseApi(this WebApplication app)
    {
        var settings = app.Services.GetRequiredService<IOptions<ServiceOptions>>().Value;
        app.Services.LoadSigningKeys();
        app.UseForwardedAddresses(settings.Proxies);
        app.UseRequestId();
        app.UseRequestLog();
        app.UseConfiguredCors(settings.CorsOrigins);
        app.UseExceptionHandler(_ => { });
        app.UseStatusCodePages(context => context.HttpContext.RequestServices.GetRequiredService<ErrorWriter>()
            .WriteAsync(context.HttpContext, context.HttpContext.Response.StatusCode));
        app.UseRequestTimeouts();
        app.UseOpenApiDocument();
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
            throw new InvalidConfigurationException($"{exception.Message.Split(" to type ")[0].TrimEnd('.')}.");
        }
    }

    private static IServiceCollection AddApi(this IServiceCollection services, ServiceOptions settings)
    {
        services.AddKestrelLimits(settings);
        services.AddRateLimit(settings.RateLimit);
        services.AddConnectionDraining();
        services.Configure<RouteOptions>(Routes.AddConstraints);

        services
            .AddControllers(mvc =>
            {
                mvc.Filters.Add(new AcceptHeaderFilter());
                mvc.Filters.Add(new QueryParameterFilter());
                mvc.Filters.Add(new Idempotency.SingleIdempotencyKeyFilter());
                mvc.Filters.Add<EntityTags>();
                mvc.ModelMetadataDetailsProviders.Add(new KeepEmptyStringsMetadataProvider());
            })
            .AddJsonOptions(json => JsonOptionsSetup.Apply(json.JsonSerializerOptions, settings.TimeFormat))
            .ConfigureApiBehaviorOptions(api => api.InvalidModelStateResponseFactory = InvalidModelStateResponse.Create);
        services.AddSingleton(_ => new RequestBodyMemory(Math.Max(settings.MaxBodyBytes, settings.MaxBatchBytes)));
        services.AddOptions<MvcOptions>().Configure<IOptions<JsonOptions>, RequestBodyMemory>((mvc, json, large) =>
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
        services.AddOpenApiDocumentation();
        return services;
    }
}
