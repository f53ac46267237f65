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
using Deployments.Application.ChangeFeed;
using Deployments.Application.Retention;
using Deployments.Application.SoftwareDeployments;
using Deployments.Infrastructure;
using Deployments.Infrastructure.Postgres;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.Extensions.Options;

namespace Deployments.Api;

/// <summary>Registers the service, and composes its pipeline.</summary>
internal static class DependencyInjection
{
    /// <summary>The whole service: its use cases, its storage and its HTTP.</summary>
    public static WebApplicationBuilder AddDeployments(this WebApplicationBuilder builder)
    {
        builder.Services
            .AddInfrastructure()
            .AddApplication()
            .AddApi()
            .AddTokenAuthentication(builder.Configuration, builder.Environment);
        builder.AddWebConsole(keys => keys.PersistKeysToDatabase());
        builder.AddConsoleLogging();
        builder.AddTelemetry();
        return builder;
    }

    public static void UseApi(this WebApplication app)
    {
        // The host validates too, but logs a failure with its stack trace.
        app.Services.GetRequiredService<IStartupValidator>().Validate();
        app.Services.LoadSigningKeys();

        var settings = app.Services.GetRequiredService<IOptions<ServiceOptions>>().Value;
        app.UseForwardedAddresses(settings.Proxies);
        app.UseRequestId();
        app.OnResponseStarting(
            RequestId.AddHeader, SecurityHeaders.AddHeaders, RequestTimeouts.Disable, ConnectionDraining.CloseConnectionIfStopping);
        app.UseRequestLog();
        app.UseConfiguredCors(settings.CorsOrigins);
        app.UseExceptionHandler(_ => { });
        app.UseStatusCodePages(context => context.HttpContext.RequestServices.GetRequiredService<ErrorWriter>()
            .WriteAsync(context.HttpContext, context.HttpContext.Response.StatusCode));
        app.UseRequestTimeouts();
        app.UseOpenApiDocument();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseRateLimit(settings);
        app.MapHealth();
        app.MapVersions();

        // To routing the last segment is also an id of the wrong form, or no server's: a GET, or a DELETE, would be 404 and not 405.
        app.MapOtherMethods(Routes.Project + "/software_deployments/batch", HttpMethods.Post);
        app.MapOtherMethods(Routes.Project + "/agents", HttpMethods.Post);
        app.MapOtherAgentPaths();
        app.MapControllers();
        app.MapWebConsole();
    }

    private static IServiceCollection AddApi(this IServiceCollection services)
    {
        services.AddOptions<ServiceOptions>().BindConfiguration(ServiceOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ServiceOptions>, ServiceOptionsValidator>();
        services.AddSingleton(provider => new ConfigReferences(
            RequireExisting: provider.GetRequiredService<IOptions<ServiceOptions>>().Value.ConfigReferences == ConfigReferenceRule.Known));
        services.AddSingleton(provider => new SharedMetadata(provider.GetRequiredService<IOptions<ServiceOptions>>().Value.SharedMetadata));
        services.AddSingleton(provider => new Pooler(
            SharesSessions: provider.GetRequiredService<IOptions<ServiceOptions>>().Value.Pooler == PoolerMode.Transaction));
        services.AddOptions<ChangeFeedOptions>().Configure<IOptions<ServiceOptions>>((feed, settings) =>
            (feed.MaxWaiting, feed.KeepDeletedDays) = (settings.Value.MaxWaiting, settings.Value.KeepDeletedDays));
        services.AddOptions<RetentionOptions>().Configure<IOptions<ServiceOptions>>((retention, settings) =>
            (retention.Days, retention.PerServer, retention.UnusedConfigDays) =
                (settings.Value.RetainDays, settings.Value.RetainPerServer, settings.Value.RetainUnusedConfigDays));
        services.AddSingleton(new KnownSettings(
            (ServiceOptions.Section, typeof(ServiceOptions)),
            (MigrationOptions.Section, typeof(MigrationOptions)),
            (TokenAuthenticationOptions.Section, typeof(TokenAuthenticationOptions)),
            (TokenAuthenticationOptions.BearerSection, typeof(DiscoveryOptions))));
        services.AddHostedService<StartReport>();
        services.AddForwardedAddresses();
        services.AddKestrelLimits();
        services.AddRequestTimeout();
        services.AddRateLimit();
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
                mvc.ModelBinderProviders.Insert(0, new SaturatingIntegerBinder());
                mvc.ModelValidatorProviders.Clear(); // commands have validators of their own; this would look at each member of each body
            })
            .ConfigureApiBehaviorOptions(api => api.InvalidModelStateResponseFactory = InvalidModelStateResponse.Create);
        services.AddOptions<JsonOptions>().Configure<IOptions<ServiceOptions>>((json, settings) =>
            JsonOptionsSetup.Apply(json.JsonSerializerOptions, settings.Value.TimeFormat));
        services.AddSingleton(provider => new RequestBodyMemory(provider.GetRequiredService<IOptions<ServiceOptions>>().Value.LargestBodyBytes));
        services.AddOptions<MvcOptions>().Configure<IOptions<JsonOptions>, IOptions<ServiceOptions>, RequestBodyMemory>((mvc, json, settings, memory) =>
        {
            // Remove everything else that reads a body: a form, too, is a body of the wrong type.
            mvc.ValueProviderFactories.RemoveType<FormValueProviderFactory>();
            mvc.ValueProviderFactories.RemoveType<JQueryFormValueProviderFactory>();
            mvc.ValueProviderFactories.RemoveType<FormFileValueProviderFactory>();
            mvc.InputFormatters.Clear();
            mvc.InputFormatters.Add(new JsonBodyFormatter(
                json.Value.JsonSerializerOptions, settings.Value.MaxBodyBytes, settings.Value.MaxBatchBytes, memory));
        });

        services.AddCors();
        services.AddSingleton<ErrorWriter>();
        services.AddExceptionHandler<ExceptionHandler>();
        services.AddOpenApiDocumentation();
        return services;
    }
}
