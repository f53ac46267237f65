namespace Deployments.Application.Common.Errors;

/// <summary>A request broke one or more rules of the contract; nothing was stored.</summary>
/// <param name="faults">
/// What is wrong, each with the field at fault, named as on the wire (<c>config_id</c>), and a sentence that names it. There is at least
/// one; of many, the first <see cref="MaxErrors"/> are told.
/// </param>
public sealed class InvalidRequestException(IEnumerable<(string Field, string Message)> faults) : Exception("The request is invalid.")
{
    /// <summary>How many faults a caller is told of at once. What looks for them need not look for more.</summary>
    public const int MaxErrors = 50;

    /// <summary>One field at fault.</summary>
    /// <param name="field">The field as on the wire.</param>
    /// <param name="message">What is wrong with it, as a sentence that names it.</param>
    public InvalidRequestException(string field, string message)
        : this([(field, message)])
    {
    }

    /// <summary>The messages by field, the field named as on the wire.</summary>
    public IReadOnlyDictionary<string, string[]> Errors { get; } = faults
        .Distinct()
        .Take(MaxErrors)
        .GroupBy(fault => fault.Field, fault => fault.Message)
        .ToDictionary(field => field.Key, field => field.ToArray());
}
