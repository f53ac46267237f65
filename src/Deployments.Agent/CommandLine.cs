namespace Deployments.Agent;

/// <summary>The command line is wrong.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>The agent cannot start.</summary>
internal sealed class StartException(string message) : Exception(message);

/// <summary>Reads the command line and the environment.</summary>
internal static class CommandLine
{
    public const string MetadataUrlVariable = "DEPLOYMENTS_AGENT_METADATA_URL";

    public const string Help = $"""
        Runs what is deployed to this server, and reports what came of it.

        Usage: deployments-agent [options]

        One of these is required: the server's address, the metadata_url that POST /v1/PROJECT/agents returns.
          --metadata-url-file FILE   a file that has it; best, since only its owner can read a file of mode 0600
          {MetadataUrlVariable}   the environment; scripts do not inherit it
          --metadata-url URL         the command line, which every user of the server can read

          --state FOLDER             what the agent must not forget [{DefaultStateFolder}]
          --hooks FOLDER             an executable for each group except "script" [{DefaultHooksFolder}]
          --version                  print the version
          --help                     print this

        Exit codes: 0 after SIGTERM or SIGINT, 1 if it cannot start, 2 if the command line is wrong.
        """;

    private const string DefaultStateFolder = "/var/lib/deployments-agent";
    private const string DefaultHooksFolder = "/var/lib/heat-config/hooks";

    private const string MetadataUrl = "--metadata-url";
    private const string MetadataUrlFile = "--metadata-url-file";
    private const string State = "--state";
    private const string Hooks = "--hooks";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <param name="arguments">The options, as <c>--name value</c> or <c>--name=value</c>.</param>
    /// <param name="environment">Reads a variable.</param>
    /// <param name="log">Takes warnings.</param>
    public static AgentOptions Parse(string[] arguments, Func<string, string?> environment, Action<string> log)
    {
        var options = ReadOptions(arguments);
        var address = ReadAddress(options, environment, log);
        return new AgentOptions(
            HttpAddress.TryParse(address) ?? throw new UsageException("The server's address must be an http or https URL."),
            Path.GetFullPath(options.GetValueOrDefault(State, DefaultStateFolder)),
            Path.GetFullPath(options.GetValueOrDefault(Hooks, DefaultHooksFolder)));
    }

    private static Dictionary<string, string> ReadOptions(string[] arguments)
    {
        var options = new Dictionary<string, string>();
        var remaining = new Queue<string>(arguments);
        while (remaining.TryDequeue(out var argument))
        {
            var (name, value) = argument.Split('=', 2) is [var before, var after] ? (before, after) : (argument, null);
            if (name is not (MetadataUrl or MetadataUrlFile or State or Hooks))
            {
                throw new UsageException("An option is unknown; --help lists them."); // not which: it may be an address
            }

            if (value is null && !remaining.TryDequeue(out value) || value.Length == 0)
            {
                throw new UsageException($"{name} needs a value.");
            }

            if (!options.TryAdd(name, value))
            {
                throw new UsageException($"{name} is given twice.");
            }
        }

        return options;
    }

    private static string ReadAddress(Dictionary<string, string> options, Func<string, string?> environment, Action<string> log)
    {
        if (options.ContainsKey(MetadataUrl) && options.ContainsKey(MetadataUrlFile))
        {
            throw new UsageException($"Give {MetadataUrl} or {MetadataUrlFile}, not both.");
        }

        if (options.TryGetValue(MetadataUrl, out var url))
        {
            return url;
        }

        return options.TryGetValue(MetadataUrlFile, out var file)
            ? ReadFile(file, log)
            : environment(MetadataUrlVariable) is { Length: > 0 } variable
                ? variable
                : throw new UsageException($"The server's address is missing: give {MetadataUrlFile}, {MetadataUrlVariable} or {MetadataUrl}.");
    }

    private static string ReadFile(string file, Action<string> log)
    {
        try
        {
            if ((File.GetUnixFileMode(file) & ~OwnerOnly) != 0)
            {
                log($"{file} can be read by others than its owner, and whoever has the address may use it: chmod 600 {file}");
            }

            return File.ReadAllText(file).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"{MetadataUrlFile} cannot be read: {exception.Message}");
        }
    }
}
