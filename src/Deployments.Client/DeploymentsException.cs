namespace Deployments.Client;

/// <summary>The service answered, but not as the caller hoped.</summary>
/// <param name="message">What the answer's status means.</param>
/// <param name="statusCode">The HTTP status code.</param>
/// <param name="response">The answer's text, where it could not be read as what it should be.</param>
/// <param name="headers">The answer's headers.</param>
/// <param name="innerException">Why the answer could not be read.</param>
public class DeploymentsException(
    string message,
    int statusCode,
    string? response,
    IReadOnlyDictionary<string, IEnumerable<string>> headers,
    Exception? innerException) : Exception($"{statusCode}: {message}", innerException)
{
    /// <summary>The HTTP status code.</summary>
    public int StatusCode { get; } = statusCode;

    /// <summary>The answer's text, where it could not be read as what it should be.</summary>
    public string? Response { get; } = response;

    /// <summary>The answer's headers.</summary>
    public IReadOnlyDictionary<string, IEnumerable<string>> Headers { get; } = headers;
}

/// <summary>The service refused, and said why.</summary>
/// <typeparam name="TResult">What it said: always <see cref="Error"/>.</typeparam>
/// <param name="message">What the answer's status means.</param>
/// <param name="statusCode">The HTTP status code.</param>
/// <param name="response">Nothing: the answer could be read.</param>
/// <param name="headers">The answer's headers.</param>
/// <param name="result">What the service said.</param>
/// <param name="innerException">Nothing: the answer could be read.</param>
public sealed class DeploymentsException<TResult>(
    string message,
    int statusCode,
    string? response,
    IReadOnlyDictionary<string, IEnumerable<string>> headers,
    TResult result,
    Exception? innerException)
    : DeploymentsException(result is Error error ? error.Detail : message, statusCode, response, headers, innerException)
{
    /// <summary>What the service said.</summary>
    public TResult Result { get; } = result;
}
