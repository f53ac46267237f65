using System.Globalization;
using System.Reflection;
using Deployments.Api.Errors;
using Deployments.Api.Http;
using Deployments.Application.SoftwareDeployments;
using Deployments.Domain.SoftwareDeployments;
using NJsonSchema;
using NSwag;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;

namespace Deployments.Api.OpenApi;

/// <summary>
/// What every operation of a kind has in common, told once: its error answers, the headers of its answers, the limits of its parameters.
/// </summary>
internal sealed class CommonAnswers : IOperationProcessor
{
    public bool Process(OperationProcessorContext context)
    {
        var operation = context.OperationDescription.Operation;
        var parameters = operation.ActualParameters;
        var hasBody = operation.RequestBody is not null;

        if (hasBody || parameters.Any(parameter => parameter.Kind is OpenApiParameterKind.Query or OpenApiParameterKind.Header))
        {
            AddError(context, StatusCodes.Status400BadRequest, "A rule is broken; errors names every field at fault. Nothing was stored.");
        }

        AddError(context, StatusCodes.Status401Unauthorized, "No token, or one that does not verify.");
        AddError(context, StatusCodes.Status403Forbidden, "The token is another project's, or its role may not do this.");
        if (parameters.Any(parameter => parameter.Name == "id"))
        {
            AddError(context, StatusCodes.Status404NotFound, "There is no such thing that this project may see.");
        }

        AddError(context, StatusCodes.Status406NotAcceptable, "The Accept header leaves JSON out.");
        if (parameters.Any(parameter => parameter.Name == "If-Match"))
        {
            AddError(context, StatusCodes.Status412PreconditionFailed, "It has changed: its entity tag is none of those in If-Match.");
        }

        if (parameters.Any(parameter => parameter.Name == Idempotency.Key))
        {
            AddError(context, StatusCodes.Status409Conflict, "The Idempotency-Key was used for another body, or some of what it created is gone.");
            operation.Responses["200"].Headers[Idempotency.Replayed] =
                Header("true where the answer is what an earlier request with the same Idempotency-Key created, as it stands; else absent.");
        }

        if (hasBody)
        {
            AddError(context, StatusCodes.Status408RequestTimeout, "The body was not sent in time.");
            AddError(context, StatusCodes.Status413PayloadTooLarge, "The body is too large.");
            AddError(context, StatusCodes.Status415UnsupportedMediaType, "The body is not application/json in UTF-8.");
        }

        AddError(
            context, StatusCodes.Status429TooManyRequests, "The project sends more than its rate allows, where one is set; try again after Retry-After seconds.");
        AddError(context, StatusCodes.Status503ServiceUnavailable, "The database cannot be reached, or there is too much to do; try again after Retry-After seconds.");

        if (AnswerOf(context.MethodInfo) is { } answered && answered.IsAssignableTo(typeof(IVersioned)))
        {
            operation.Responses["200"].Headers["ETag"] = Header("The strong entity tag of what is shown, for If-Match and If-None-Match.");
            if (context.OperationDescription.Method == OpenApiOperationMethod.Get)
            {
                operation.Parameters.Add(new OpenApiParameter
                {
                    Name = "If-None-Match",
                    Kind = OpenApiParameterKind.Header,
                    Description = "Answer with the deployment or configuration only if its entity tag is none of these.",
                    Schema = new JsonSchema { Type = JsonObjectType.String },
                });
                operation.Responses["304"] = new OpenApiResponse { Description = "Its entity tag is one of those in If-None-Match." };
            }
        }

        foreach (var parameter in parameters)
        {
            Limit(parameter);
        }

        foreach (var answer in operation.Responses.Values)
        {
            answer.Headers["X-Openstack-Request-Id"] = Header("The request's id, req-<uuid>; the service's log and the history have it too.");
        }

        return true;
    }

    private static Type? AnswerOf(MethodInfo action) =>
        action.ReturnType.GenericTypeArguments.FirstOrDefault()?.GenericTypeArguments.FirstOrDefault();

    private static void AddError(OperationProcessorContext context, int status, string description)
    {
        var code = status.ToString(CultureInfo.InvariantCulture);
        if (!context.OperationDescription.Operation.Responses.TryGetValue(code, out var response))
        {
            response = new OpenApiResponse { Description = description };
            response.Content["application/json"] = new OpenApiMediaType
            {
                Schema = context.SchemaGenerator.GenerateWithReference<JsonSchema>(
                    Namotion.Reflection.ContextualTypeExtensions.ToContextualType(typeof(ErrorBody)), context.SchemaResolver),
            };
            context.OperationDescription.Operation.Responses[code] = response;
        }

        if (status is StatusCodes.Status503ServiceUnavailable or StatusCodes.Status429TooManyRequests)
        {
            response.Headers["Retry-After"] = Header("Seconds to wait.");
        }
    }

    private static void Limit(OpenApiParameter parameter)
    {
        switch (parameter.Name)
        {
            case "project_id":
                parameter.Schema.MinLength = 1;
                parameter.Schema.MaxLength = SoftwareDeployment.MaxProjectIdLength;
                break;
            case Idempotency.Key:
                parameter.Schema.MinLength = 1;
                parameter.Schema.MaxLength = SoftwareDeployment.MaxIdempotencyKeyLength;
                parameter.Schema.Pattern = "^[!-~]+$";
                break;
            case "limit":
                parameter.Schema.Minimum = 1;
                parameter.Schema.Maximum = ListDeploymentsQuery.MaxLimit;
                break;
            case "status":
                foreach (var name in DeploymentStatusNames.All)
                {
                    parameter.Schema.Enumeration.Add(name);
                }

                break;
        }
    }

    private static OpenApiHeader Header(string description) => new()
    {
        Description = description,
        Schema = new JsonSchema { Type = JsonObjectType.String },
    };
}
