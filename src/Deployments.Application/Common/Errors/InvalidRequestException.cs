namespace Deployments.Application.Common.Errors;

/// <summary>A request broke one or more rules of the contract; nothing was stored.</summary>
/// <param name="errors">
/// The errors, each with the invalid field, named as on the wire (<c>config_id</c>), and a sentence that names it. There is at least
/// one; of many, the first <see cref="MaxErrors"/> are reported.
/// </param>
public sealed class InvalidRequestException(IEnumerable<(string Field, string Message)> errors) : Exception("The request is invalid.")
{
    /// <summary>The maximum number of errors in a response; validators may stop there.</summary>
    public const int MaxErrors = 50;

    /// <summary>One invalid field.</summary>
    /// <param name="field">The field as on the wire.</param>
    /// <param name="message">What is wrong with it, as a sentence that names it.</param>
    public InvalidRequestException(string field, string message)
        : this([(field, message)])
    {
    }

    /// <summary>The messages by field, the field named as on the wire.</summary>
    public IReadOnlyDictionary<string, string[]> Errors { get; } = errors
        .Distinct()
        .Take(MaxErrors)
        .GroupBy(error => error.Field, error => error.Message)
        .ToDictionary(field => field.Key, field => field.ToArray());
}
