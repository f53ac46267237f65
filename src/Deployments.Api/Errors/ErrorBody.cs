using System.Text.Json.Serialization;
using NJsonSchema.Annotations;

namespace Deployments.Api.Errors;

/// <summary>The body of every error: a problem document (RFC 9457), with additional members for OpenStack's clients.</summary>
public sealed record ErrorBody
{
    /// <summary>The kind of error: a URN that does not change.</summary>
    /// <example>urn:deployments:error:invalid</example>
    public required string Type { get; init; }

    /// <summary>The status code's name.</summary>
    /// <example>Bad Request</example>
    public required string Title { get; init; }

    /// <summary>The HTTP status code.</summary>
    /// <example>400</example>
    public required int Status { get; init; }

    /// <summary>The error, for people.</summary>
    /// <example>config_id is required.</example>
    [JsonSchemaExtensionData("x-ms-primary-error-message", true)] // the message of Kiota's exceptions
    public required string Detail { get; init; }

    /// <summary>The request's id, the same as in <c>X-Openstack-Request-Id</c> and in the service's log.</summary>
    /// <example>req-0b2a6e3c-6a5a-4a0e-9f43-2f3b2a1c9d10</example>
    public required string Instance { get; init; }

    /// <summary>On 400 only: the messages by invalid field; of many, the first 50, in which long names and values are cut.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }

    /// <summary>The same as <c>status</c>.</summary>
    /// <example>400</example>
    public required int Code { get; init; }

    /// <summary>The same as <c>detail</c>.</summary>
    /// <example>config_id is required.</example>
    public required string Explanation { get; init; }

    /// <summary>The same for OpenStack's command line.</summary>
    [JsonPropertyName("error")]
    public required ErrorCause Cause { get; init; }
}

/// <summary>An error as OpenStack's command line reads it.</summary>
public sealed record ErrorCause
{
    /// <summary>The last part of the error's <c>type</c>.</summary>
    /// <example>invalid</example>
    public required string Type { get; init; }

    /// <summary>The same as <c>detail</c>.</summary>
    /// <example>config_id is required.</example>
    public required string Message { get; init; }

    /// <summary>Always null: internals of the service are not disclosed.</summary>
    public required string? Traceback { get; init; }
}
