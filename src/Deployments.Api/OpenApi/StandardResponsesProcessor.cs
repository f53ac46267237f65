using System.Globalization;
using System.Reflection;
using Deployments.Api.Contracts;
using Deployments.Api.Errors;
using Deployments.Api.Middleware;
using Deployments.Api.Mvc.Filters;
using Deployments.Api.Streaming;
using Deployments.Application.ChangeFeed;
using Deployments.Application.Servers;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;
using FluentValidation;
using Namotion.Reflection;
using NJsonSchema;
using NSwag;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;

namespace Deployments.Api.OpenApi;

/// <summary>
/// Adds what operations have in common: error responses, response headers, and limits of parameters.
/// </summary>
internal sealed class StandardResponsesProcessor(IServiceProvider services) : IOperationProcessor
{
    private const string Json = "application/json";
    private const string Ok = "200";

    public bool Process(OperationProcessorContext context)
    {
        var operation = context.OperationDescription.Operation;
        var parameters = operation.ActualParameters;
        var isGet = context.OperationDescription.Method == OpenApiOperationMethod.Get;

        foreach (var parameter in parameters)
        {
            Limit(parameter, context);
        }

        if (ResponseTypeOf(context.MethodInfo) is { } responseType && responseType.IsAssignableTo(typeof(IVersioned)))
        {
            var uses = responseType == typeof(SoftwareConfigEnvelope) ? "If-None-Match" : "If-Match and If-None-Match";
            var tag = Header($"The strong entity tag, for {uses}.");
            operation.Responses[Ok].Headers["ETag"] = tag;
            if (isGet)
            {
                if (!Has(EntityTags.IfNoneMatch))
                {
                    operation.Parameters.Add(new OpenApiParameter
                    {
                        Name = EntityTags.IfNoneMatch,
                        OriginalName = "ifNoneMatch",
                        Kind = OpenApiParameterKind.Header,
                        Description = "Return the configuration only if its entity tag is none of these.",
                        Schema = new JsonSchema { Type = JsonObjectType.String },
                    });
                }

                operation.Responses["304"] = new OpenApiResponse { Description = "Its entity tag is one of those in If-None-Match." };
                operation.Responses["304"].Headers["ETag"] = tag;
            }
            else if (context.OperationDescription.Method == OpenApiOperationMethod.Post)
            {
                operation.Responses[Ok].Headers["Location"] = Header("Its address.");
            }
        }

        if (Has("marker"))
        {
            operation.Responses[Ok].Headers["Link"] = Header("The next page, as in the body; absent on the last.", isRequired: false);
        }

        // Other responses that an action declares are errors of its own.
        foreach (var (_, error) in operation.Responses.Where(response => response.Key != Ok && response.Value.Content.Count > 0))
        {
            DescribeError(error, context);
        }

        AddError(context, StatusCodes.Status400BadRequest, $"The request is invalid; errors names every invalid field.{(isGet ? string.Empty : " Nothing was changed.")}");
        AddError(context, StatusCodes.Status401Unauthorized, "No token, or an invalid one.");
        AddError(context, StatusCodes.Status403Forbidden, "The token is for another project, or its role may not do this.");
        if (Has("id"))
        {
            AddError(context, StatusCodes.Status404NotFound, "It does not exist, or this project may not see it.");
        }

        AddError(context, StatusCodes.Status406NotAcceptable, "The Accept header excludes JSON.");
        if (Has(EntityTags.IfMatch))
        {
            AddError(context, StatusCodes.Status412PreconditionFailed, "It has changed: its entity tag is none of those in If-Match. Or a proxy has changed the tag, which detail says.");
        }

        if (Has("after"))
        {
            operation.Responses[Ok].Content[EventStream.MediaType] = new OpenApiMediaType { Schema = new JsonSchema { Type = JsonObjectType.String } };
            AddError(context, StatusCodes.Status410Gone, "Events after the cursor have been purged, or the database is another; detail says how to begin anew.");
        }

        if (Has(Idempotency.Key))
        {
            var conflict = ResponseTypeOf(context.MethodInfo) == typeof(SoftwareDeploymentBatchEnvelope)
                ? "The Idempotency-Key has already been used with a different body, or some of its deployments have been deleted."
                : "The Idempotency-Key has already been used with a different body.";
            AddError(context, StatusCodes.Status409Conflict, conflict);
            operation.Responses[Ok].Headers[Idempotency.Replayed] = Header(
                "true if an earlier request with the same Idempotency-Key created what is returned; else absent.",
                isRequired: false);
        }

        if (operation.RequestBody is not null)
        {
            AddError(context, StatusCodes.Status408RequestTimeout, "The body was not sent in time.");
            AddError(context, StatusCodes.Status413PayloadTooLarge, "The body is too large.");
            AddError(context, StatusCodes.Status415UnsupportedMediaType, "The body is not application/json in UTF-8.");
        }

        AddError(context, StatusCodes.Status500InternalServerError, "A defect of the service.");
        AddError(
            context, StatusCodes.Status429TooManyRequests, "The project exceeds its request rate, if one is configured; retry after Retry-After seconds.");
        AddError(
            context, StatusCodes.Status503ServiceUnavailable, "The database cannot be reached, or the service is overloaded; retry after Retry-After seconds.");

        foreach (var response in operation.Responses.Values)
        {
            response.Headers[RequestId.Header] = Header("The request's id, req- and a UUID, as in the service's log and in the history.");
        }

        return true;

        bool Has(string name) => parameters.Any(parameter => parameter.Name == name);
    }

    private static Type? ResponseTypeOf(MethodInfo action) =>
        action.ReturnType.GenericTypeArguments.FirstOrDefault()?.GenericTypeArguments.FirstOrDefault();

    private static void AddError(OperationProcessorContext context, int status, string description)
    {
        var response = new OpenApiResponse { Description = description };
        DescribeError(response, context);
        switch (status)
        {
            case StatusCodes.Status401Unauthorized:
                response.Headers["WWW-Authenticate"] = Header("Bearer, and the error of the token.");
                break;
            case StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable:
                response.Headers["Retry-After"] = Header("Seconds to wait.", JsonObjectType.Integer);
                break;
        }

        context.OperationDescription.Operation.Responses[status.ToString(CultureInfo.InvariantCulture)] = response;
    }

    private static void DescribeError(OpenApiResponse response, OperationProcessorContext context)
    {
        foreach (var mediaType in (string[])[Json, ErrorWriter.ProblemMediaType])
        {
            response.Content[mediaType] = new OpenApiMediaType { Schema = SchemaOf(typeof(ErrorBody), context) };
        }
    }

    private static JsonSchema SchemaOf(Type type, OperationProcessorContext context) =>
        context.SchemaGenerator.GenerateWithReference<JsonSchema>(type.ToContextualType(), context.SchemaResolver);

    private void Limit(OpenApiParameter parameter, OperationProcessorContext context)
    {
        // A parameter is present or absent: a URL or a header cannot contain null.
        parameter.Schema.IsNullableRaw = null;
        if (parameter is { Kind: OpenApiParameterKind.Query, Schema: { Type: JsonObjectType.String, Format: null } })
        {
            parameter.Schema.MinLength = 1;
        }

        switch (parameter.Name)
        {
            case "project_id":
                parameter.Schema.MinLength = 1;
                parameter.Schema.MaxLength = Domain.Common.ProjectId.MaxLength;
                parameter.Schema.Pattern = @"\S";
                break;
            case Idempotency.Key:
                LimitAsIn<CreateDeploymentCommand>(parameter);
                break;
            case "server_id_prefix" or "marker" when parameter.Schema.Format is null:
                LimitAsIn<ListServersQuery>(parameter);
                break;
            case "limit" or "sort_dir":
                LimitAsIn<ListDeploymentsQuery>(parameter);
                break;
            case "wait" or "order":
                LimitAsIn<ReadChangeFeedQuery>(parameter);
                break;
            case "status":
                parameter.Schema = SchemaOf(typeof(DeploymentStatus), context);
                break;
        }
    }

    private void LimitAsIn<TRequest>(OpenApiParameter parameter)
    {
        foreach (var rule in services.GetRequiredService<IValidator<TRequest>>().AllRules().Where(rule => rule.PropertyName == parameter.Name))
        {
            parameter.Schema.Limit(rule);
        }
    }

    private static OpenApiHeader Header(string description, JsonObjectType type = JsonObjectType.String, bool isRequired = true) => new()
    {
        Description = description,
        IsRequired = isRequired,
        Schema = new JsonSchema { Type = type },
    };
}
