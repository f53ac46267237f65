using System.CommandLine;
using Deployments.Api.Hosting;

namespace Deployments.Api.Commands;

/// <summary>Prints what <c>--version</c> prints.</summary>
internal static class VersionCommand
{
    public static Command Create()
    {
        var command = new Command("version", "Print the version and, after a +, the commit that it was built from.");
        command.SetAction(_ => Console.WriteLine(ServiceVersion.Full));
        return command;
    }
}
