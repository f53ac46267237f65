using Deployments.Api.Authentication;
using Deployments.Api.Errors;
using Deployments.Api.Http;
using Deployments.Api.Json;
using Deployments.Api.OpenApi;
using Deployments.Application;
using Deployments.Application.Errors;
using Deployments.Infrastructure;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Deployments.Api;

/// <summary>Registers what speaks HTTP, and puts it in order.</summary>
internal static class DependencyInjection
{
    private const int MaxBodyBytes = 1024 * 1024;

    // Above the service's own limit, so that this one is met only by what is far too large.
    private const long ServerMaxBodyBytes = 32 * 1024 * 1024;

    /// <summary>The whole service: its use cases, its storage and its HTTP.</summary>
    public static WebApplicationBuilder AddDeployments(this WebApplicationBuilder builder)
    {
        builder.Services
            .AddApplication(builder.Configuration["AutoMapper:LicenseKey"])
            .AddInfrastructure(builder.Configuration)
            .AddApi(builder.Configuration, builder.Environment);
        return builder;
    }

    private static void AddApi(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = ServerMaxBodyBytes;
        });
        services.Configure<RouteOptions>(routes => routes.ConstraintMap.Add(Routes.Uuid, typeof(Routes.UuidConstraint)));

        services.AddControllers(mvc => mvc.Filters.Add(new AcceptFilter()))
            .AddJsonOptions(json => JsonPolicy.Apply(json.JsonSerializerOptions))
            .ConfigureApiBehaviorOptions(api => api.InvalidModelStateResponseFactory = RefuseModel);
        services.AddOptions<MvcOptions>().Configure<IOptions<JsonOptions>>((mvc, json) =>
        {
            // Everything else that reads a body goes: a form, too, is a body of the wrong type.
            mvc.ValueProviderFactories.RemoveType<FormValueProviderFactory>();
            mvc.ValueProviderFactories.RemoveType<JQueryFormValueProviderFactory>();
            mvc.ValueProviderFactories.RemoveType<FormFileValueProviderFactory>();
            mvc.InputFormatters.Clear();
            mvc.InputFormatters.Add(new JsonBodyFormatter(
                json.Value.JsonSerializerOptions, configuration.GetValue("Deployments:MaxBodyBytes", MaxBodyBytes)));
        });

        services.AddSingleton<ErrorWriter>();
        services.AddExceptionHandler<ExceptionHandler>();
        services.AddTokenAuthentication(configuration, environment);
        services.AddOpenApi();
    }

    public static void UseApi(this WebApplication app)
    {
        app.UseRequestId();
        app.UseRequestLog();
        app.UseExceptionHandler(_ => { });
        app.UseStatusCodePages(context => context.HttpContext.RequestServices.GetRequiredService<ErrorWriter>()
            .WriteAsync(context.HttpContext, context.HttpContext.Response.StatusCode));
        app.UseOpenApi();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapHealth();
        app.MapControllers();
    }

    private static IActionResult RefuseModel(ActionContext context) => throw new InvalidRequestException(context.ModelState
        .Where(field => field.Value!.Errors.Count > 0)
        .ToDictionary(
            field => field.Key,
            field => field.Value!.Errors.Select(error => $"{field.Key}: {error.ErrorMessage}").ToArray()));
}
