namespace Deployments.Client;

/// <summary>The service responded with an error, or with a body that could not be read.</summary>
/// <param name="message">The meaning of the response's status.</param>
/// <param name="statusCode">The HTTP status code.</param>
/// <param name="response">The response's text, if it could not be read as the expected type.</param>
/// <param name="headers">The response's headers.</param>
/// <param name="innerException">Why the response could not be read.</param>
public class DeploymentsException(
    string message,
    int statusCode,
    string? response,
    IReadOnlyDictionary<string, IEnumerable<string>> headers,
    Exception? innerException) : Exception($"{statusCode}: {message}", innerException)
{
    /// <summary>The HTTP status code.</summary>
    public int StatusCode { get; } = statusCode;

    /// <summary>The response's text, if it could not be read as the expected type.</summary>
    public string? Response { get; } = response;

    /// <summary>The response's headers.</summary>
    public IReadOnlyDictionary<string, IEnumerable<string>> Headers { get; } = headers;
}

/// <summary>The service responded with an error.</summary>
/// <typeparam name="TResult">The type of the error body: always <see cref="Error"/>.</typeparam>
/// <param name="message">The meaning of the response's status.</param>
/// <param name="statusCode">The HTTP status code.</param>
/// <param name="response">Null, since the response could be read.</param>
/// <param name="headers">The response's headers.</param>
/// <param name="result">The error body.</param>
/// <param name="innerException">Null, since the response could be read.</param>
public sealed class DeploymentsException<TResult>(
    string message,
    int statusCode,
    string? response,
    IReadOnlyDictionary<string, IEnumerable<string>> headers,
    TResult result,
    Exception? innerException)
    : DeploymentsException(result is Error error ? error.Detail : message, statusCode, response, headers, innerException)
{
    /// <summary>The error body.</summary>
    public TResult Result { get; } = result;
}
