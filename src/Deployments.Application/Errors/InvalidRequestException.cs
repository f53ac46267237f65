namespace Deployments.Application.Errors;

/// <summary>A request broke one or more rules of the contract; nothing was stored. Answered 400.</summary>
/// <param name="errors">The messages by field, the field named as on the wire (<c>config_id</c>); never empty.</param>
public sealed class InvalidRequestException(IReadOnlyDictionary<string, string[]> errors) : Exception("The request is invalid.")
{
    /// <summary>One field at fault.</summary>
    /// <param name="field">The field as on the wire.</param>
    /// <param name="message">What is wrong with it, as a sentence that names it.</param>
    public InvalidRequestException(string field, string message)
        : this(new Dictionary<string, string[]> { [field] = [message] })
    {
    }

    /// <summary>The messages by field, the field named as on the wire.</summary>
    public IReadOnlyDictionary<string, string[]> Errors { get; } = errors;
}
