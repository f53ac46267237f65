using System.Net;
using Deployments.Api.Authentication;
using Deployments.Api.Errors;
using Deployments.Api.Http;
using Deployments.Api.Json;
using Deployments.Api.OpenApi;
using Deployments.Application;
using Deployments.Application.Errors;
using Deployments.Application.SoftwareDeployments;
using Deployments.Infrastructure;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Server.Kestrel.Core;
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
        builder.AddTelemetry();
        return builder;
    }

    public static void UseApi(this WebApplication app)
    {
        app.Services.RequireTokenKeys();
        var settings = app.Services.GetRequiredService<IOptions<ServiceOptions>>().Value;
        app.UseForwardedHeaders(Believing(settings.Proxies));
        app.UseDraining();
        app.UseRequestId();
        app.UseRequestLog();
        app.UseCors(settings.CorsOrigins);
        app.UseExceptionHandler(_ => { });
        app.UseStatusCodePages(context => context.HttpContext.RequestServices.GetRequiredService<ErrorWriter>()
            .WriteAsync(context.HttpContext, context.HttpContext.Response.StatusCode));
        app.UseOpenApi();
        app.UseAuthentication();
        app.UseAuthorization();
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
            throw new StartupException(exception.Message);
        }
    }

    private static IServiceCollection AddApi(this IServiceCollection services, ServiceOptions settings)
    {
        services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;

            // Above the service's own limits, so that this one is met only by what is far too large.
            kestrel.Limits.MaxRequestBodySize = 2L * Math.Max(settings.MaxBodyBytes, settings.MaxBatchBytes);
        });
        services.AddDraining();
        services.Configure<RouteOptions>(Routes.AddConstraints);

        services
            .AddControllers(mvc =>
            {
                mvc.Filters.Add(new AcceptFilter());
                mvc.Filters.Add(new UrlFilter());
                mvc.Filters.Add<EntityTags>();
                mvc.ModelMetadataDetailsProviders.Add(new EmptyIsGiven());
            })
            .AddJsonOptions(json => JsonPolicy.Apply(json.JsonSerializerOptions, settings.TimeFormat))
            .ConfigureApiBehaviorOptions(api => api.InvalidModelStateResponseFactory = RefuseModel);
        services.AddOptions<MvcOptions>().Configure<IOptions<JsonOptions>>((mvc, json) =>
        {
            // Everything else that reads a body goes: a form, too, is a body of the wrong type.
            mvc.ValueProviderFactories.RemoveType<FormValueProviderFactory>();
            mvc.ValueProviderFactories.RemoveType<JQueryFormValueProviderFactory>();
            mvc.ValueProviderFactories.RemoveType<FormFileValueProviderFactory>();
            mvc.InputFormatters.Clear();
            mvc.InputFormatters.Add(new JsonBodyFormatter(
                json.Value.JsonSerializerOptions, settings.MaxBodyBytes, settings.MaxBatchBytes));
        });

        services.AddCors();
        services.AddSingleton<ErrorWriter>();
        services.AddExceptionHandler<ExceptionHandler>();
        services.AddOpenApi();
        return services;
    }

    private static ForwardedHeadersOptions Believing(IReadOnlyList<string> proxies)
    {
        var forwarded = new ForwardedHeadersOptions
        {
            ForwardedHeaders = proxies.Count > 0
                ? ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost | ForwardedHeaders.XForwardedPrefix
                : ForwardedHeaders.None,
        };
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
        {
            if (IPAddress.TryParse(proxy, out var address))
            {
                forwarded.KnownProxies.Add(address);
            }
            else if (System.Net.IPNetwork.TryParse(proxy, out var network))
            {
                forwarded.KnownIPNetworks.Add(network);
            }
            else
            {
                throw new StartupException($"{ServiceOptions.Section}:Proxies: {proxy} is neither an address nor a network such as 10.0.0.0/8.");
            }
        }

        return forwarded;
    }

    private static IActionResult RefuseModel(ActionContext context) => throw new InvalidRequestException(context.ModelState
        .Where(field => field.Value!.Errors.Count > 0)
        .ToDictionary(
            field => field.Key,
            field => new[] { $"{field.Key} must be {KindOf(context.ActionDescriptor, field.Key)}." }));

    private static string KindOf(Microsoft.AspNetCore.Mvc.Abstractions.ActionDescriptor action, string field)
    {
        var type = action.Parameters.FirstOrDefault(parameter => (parameter.BindingInfo?.BinderModelName ?? parameter.Name) == field)?.ParameterType;
        return type == typeof(int?) ? "an integer"
            : type == typeof(Guid?) ? "a UUID"
            : "of another form";
    }
}
