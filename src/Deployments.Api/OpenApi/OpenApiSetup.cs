using System.Text.Json.Nodes;
using Deployments.Api.Errors;
using Deployments.Api.Hosting;
using Deployments.Api.Mvc;
using Deployments.Application.Agents;
using Deployments.Application.SoftwareConfigs;
using Deployments.Application.SoftwareDeployments;
using NJsonSchema;
using NJsonSchema.Generation;
using NJsonSchema.Generation.TypeMappers;
using NSwag;
using NSwag.AspNetCore;
using NSwag.Generation;
using NSwag.Generation.Processors.Security;

namespace Deployments.Api.OpenApi;

/// <summary>The OpenAPI document, made from the controllers and their documentation, and the page that shows it.</summary>
internal static class OpenApiSetup
{
    private const string DocumentName = "v1";
    private const string PagePath = "/swagger";
    private const string DocumentPath = "/openapi/v1.json";

    public static void AddOpenApiDocumentation(this IServiceCollection services) => services.AddOpenApiDocument((settings, provider) =>
    {
        settings.DocumentName = DocumentName;
        settings.Title = "Deployments";
        settings.Version = ServiceVersion.Number; // the document is checked in, before its commit is known
        settings.Description = "Records software deployments: which software configuration is applied to which server, by whom, and with which result.";
        settings.SchemaSettings.TypeMappers.Add(new PrimitiveTypeMapper(typeof(Guid), schema =>
        {
            schema.Type = JsonObjectType.String;
            schema.Format = "uuid";
        }));
        settings.SchemaSettings.SchemaNameGenerator = new SchemaNames();
        settings.SchemaSettings.AlwaysAllowAdditionalObjectProperties = true;
        settings.SchemaSettings.SchemaProcessors.Add(new RequestSchemaProcessor(provider));
        settings.SchemaSettings.SchemaProcessors.Add(new NullabilityProcessor());
        settings.UseControllerSummaryAsTagDescription = true;
        settings.PostProcess = document =>
        {
            document.Info.Contact = new OpenApiContact { Name = "The Deployments project" };
            document.Info.License = new OpenApiLicense { Name = "Apache-2.0", Url = "https://www.apache.org/licenses/LICENSE-2.0" };
        };
        settings.AddSecurity("bearer", new OpenApiSecurityScheme
        {
            Type = OpenApiSecuritySchemeType.Http,
            Scheme = "bearer",
            BearerFormat = "JWT",
            Description = "A JSON Web Token. OpenStack's clients send it as X-Auth-Token, which is the same.",
        });
        settings.UseRouteNameAsOperationId = true;
        settings.OperationProcessors.Add(new StandardResponsesProcessor(provider));
        settings.OperationProcessors.Add(new ExamplesProcessor());
        settings.OperationProcessors.Add(new AspNetCoreOperationSecurityScopeProcessor("bearer"));
        settings.DocumentProcessors.Add(new GeneratorsProcessor());
    });

    public static void UseOpenApiDocument(this WebApplication app)
    {
        // Created once. NSwag's own middleware creates and caches a document for each Host header.
        var document = new Lazy<Task<string>>(() => WriteAsync(app.Services));
        app.UseWhen(context => IsRead(context.Request), documents =>
        {
            documents.Use((context, next) =>
                HttpMethods.IsGet(context.Request.Method) ? next(context) : context.RefuseMethodAsync(HttpMethods.Get));
            documents.Use((context, next) => context.Request.Path == DocumentPath ? SendAsync(context, document.Value) : next(context));
            documents.UseSwaggerUi(settings =>
            {
                settings.Path = PagePath;
                settings.SwaggerRoutes.Add(new SwaggerUiRoute(DocumentName, DocumentPath)); // so the page needs no query to find the document
                settings.DocExpansion = "list"; // each operation is seen
                settings.PersistAuthorization = app.Environment.IsDevelopment(); // elsewhere a token is not left in the browser
            });
        });
    }

    public static bool IsRead(HttpRequest request) => request.Path.StartsWithSegments("/openapi") || request.Path.StartsWithSegments(PagePath);

    private static async Task SendAsync(HttpContext context, Task<string> document)
    {
        var text = await document;
        if (context.Request.PathBase is { HasValue: true } prefix)
        {
            var moved = JsonNode.Parse(text)!;
            moved["servers"] = new JsonArray(new JsonObject { ["url"] = prefix.ToUriComponent() });
            text = moved.ToJsonString();
        }

        context.Response.ContentType = "application/json; charset=utf-8";
        await context.Response.WriteAsync(text);
    }

    /// <summary>The document as it is committed: the same text on every machine.</summary>
    public static async Task<string> WriteAsync(IServiceProvider services)
    {
        var document = await services.GetRequiredService<IOpenApiDocumentGenerator>().GenerateAsync(DocumentName);
        return document.ToJson();
    }

    private sealed class SchemaNames : DefaultSchemaNameGenerator
    {
        // Schemas keep the names under which version 1 of the document published them.
        private static readonly Dictionary<Type, string> Published = new()
        {
            [typeof(ErrorBody)] = "Error",
            [typeof(NewAgent)] = "CreateAgentBody",
            [typeof(NewConfig)] = "CreateSoftwareConfigBody",
            [typeof(NewConfigInput)] = "ConfigInputBody",
            [typeof(NewConfigOutput)] = "ConfigOutputBody",
            [typeof(NewDeployment)] = "CreateSoftwareDeploymentBody",
            [typeof(DeploymentUpdate)] = "UpdateSoftwareDeploymentBody",
        };

        public override string Generate(Type type)
        {
            var name = base.Generate(type);
            return Published.TryGetValue(type, out var published) ? published
                : name.EndsWith("Dto", StringComparison.Ordinal) ? name[..^"Dto".Length]
                : name;
        }
    }
}
