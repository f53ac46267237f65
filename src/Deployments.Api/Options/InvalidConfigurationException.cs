using System.Net.Sockets;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Deployments.Api.Options;

/// <summary>The service refuses to start with its configuration; the message says why, and contains no secret.</summary>
internal sealed partial class InvalidConfigurationException(string message) : Exception(message)
{
    private const string OtherAddress = "ASPNETCORE_URLS or --urls chooses another.";

    /// <summary>The reason why the service refuses to start, if that is what the exception means; else null.</summary>
    public static string? ReasonOf(Exception exception) => exception switch
    {
        InvalidConfigurationException => exception.Message,
        OptionsValidationException invalid => string.Join(' ', invalid.Failures),
        AggregateException several when several.InnerExceptions.All(inner => ReasonOf(inner) is not null) =>
            string.Join(' ', several.InnerExceptions.Select(ReasonOf)),
        InvalidOperationException when FailedBinding().Match(exception.Message) is { Success: true } failed =>
            $"{failed.Groups["setting"].Value} is {failed.Groups["value"].Value.ReplaceLineEndings(" ")}, and must be {Describe(failed.Groups["type"].Value)}.",
        IOException { InnerException: AddressInUseException } => $"{exception.Message} {OtherAddress}",
        InvalidOperationException when exception.Message.StartsWith("Unable to configure HTTPS endpoint", StringComparison.Ordinal) =>
            "An address is https, and no certificate is configured. Kestrel:Certificates:Default:Path and KeyPath name its files.",
        SocketException { SocketErrorCode: SocketError.AccessDenied or SocketError.AddressNotAvailable } =>
            $"The service cannot listen at its address: {exception.Message}. {OtherAddress}",
        _ => null,
    };

    private static string Describe(string type) => type switch
    {
        "System.Boolean" => "true or false",
        "System.Int32" => "an integer",
        "System.Double" => "a number",
        _ when Type.GetType(type) is { IsEnum: true } names => string.Join(" or ", Enum.GetNames(names)),
        _ => "of another type",
    };

    // The binder names the setting and its type only in the message of its exception.
    [GeneratedRegex(@"\AFailed to convert configuration value '(?<value>.*)' at '(?<setting>[^']+)' to type '(?<type>[^']+)'\.\z", RegexOptions.Singleline)]
    private static partial Regex FailedBinding();
}
