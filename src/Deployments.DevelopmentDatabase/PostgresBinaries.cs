using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Deployments.DevelopmentDatabase;

/// <summary>PostgreSQL's own programs, run as a user that PostgreSQL accepts: it refuses root.</summary>
internal sealed class PostgresBinaries
{
    private const string DebianFolder = "/usr/lib/postgresql";
    private static readonly string NpmPackage =
        $"@embedded-postgres/{(OperatingSystem.IsMacOS() ? "darwin" : "linux")}-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";

    private readonly string bin;
    private readonly string? user;

    private PostgresBinaries(string bin, string? user, int majorVersion)
    {
        this.bin = bin;
        this.user = user;
        MajorVersion = majorVersion;
    }

    public int MajorVersion { get; }

    /// <summary>Looks in <c>POSTGRES_BIN</c>, then the highest version of Debian's folders, then <c>PATH</c>.</summary>
    public static PostgresBinaries Find()
    {
        var bin = Candidates().FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")))
            ?? throw new InvalidOperationException(
                "PostgreSQL's programs were not found. Install them (Debian: apt-get install postgresql; without an administrator: "
                + $"npm install {NpmPackage}), and set POSTGRES_BIN to the folder that holds initdb and pg_ctl, unless it is in PATH or "
                + $"{DebianFolder} (of the npm package: node_modules/{NpmPackage}/native/bin).");
        var user = Environment.IsPrivilegedProcess
            ? Array.Find(["postgres", "nobody"], name => File.ReadLines("/etc/passwd").Any(line => line.StartsWith($"{name}:", StringComparison.Ordinal)))
                ?? throw new InvalidOperationException("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as.")
            : null;

        return new PostgresBinaries(bin, user, MajorVersionOf(bin));
    }

    /// <summary>Creates a folder that only its owner can access; an existing one of another user is refused.</summary>
    /// <returns>Its path.</returns>
    public async Task<string> MakePrivateFolderAsync(string name, CancellationToken cancellationToken)
    {
        var folder = $"/var/tmp/deployments-{name}";
        await RunShellAsync("""mkdir -m 700 "$1" 2>/dev/null || { test -O "$1" && chmod 700 "$1"; }""", folder, string.Empty, cancellationToken);
        return folder;
    }

    public Task WritePrivateFileAsync(string path, string text, CancellationToken cancellationToken) =>
        RunShellAsync("""umask 077; cat >"$1" """, path, text, cancellationToken);

    /// <exception cref="InvalidOperationException">The program failed; the message has its output.</exception>
    public async Task RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var (exitCode, output) = await ExecuteAsync(Path.Combine(bin, program), arguments, string.Empty, cancellationToken);
        if (exitCode != 0)
        {
            throw new InvalidOperationException($"{program} failed: {output}");
        }
    }

    /// <summary>Initialises an empty server, which requires passwords.</summary>
    public Task InitialiseAsync(string data, string superuser, string passwordFile, CancellationToken cancellationToken) => RunAsync(
        "initdb",
        [
            "-D", data, "-U", superuser, "--pwfile", passwordFile,
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-instructions",
        ],
        cancellationToken);

    /// <summary>Starts the server on a port of the loopback interface. Returns when it accepts connections.</summary>
    public Task StartAsync(string data, int port, string log, IEnumerable<string> settings, CancellationToken cancellationToken)
    {
        string[] options =
        [
            $"-p {port}", "-c listen_addresses=127.0.0.1", "-c unix_socket_directories=''",
            .. settings.Select(setting => $"-c {setting}"),
        ];
        return RunAsync("pg_ctl", ["start", "-D", data, "-l", log, "-w", "-o", string.Join(' ', options)], cancellationToken);
    }

    public async Task<bool> SucceedsAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        (await ExecuteAsync(Path.Combine(bin, program), arguments, string.Empty, cancellationToken)).ExitCode == 0;

    private async Task RunShellAsync(string script, string path, string input, CancellationToken cancellationToken)
    {
        var (exitCode, output) = await ExecuteAsync("/bin/sh", ["-c", script, "sh", path], input, cancellationToken);
        if (exitCode != 0)
        {
            throw new InvalidOperationException($"{path} cannot be used as a private folder or file. {output}");
        }
    }

    private async Task<(int ExitCode, string Output)> ExecuteAsync(
        string program, IEnumerable<string> arguments, string input, CancellationToken cancellationToken)
    {
        string[] asUser = user is null ? [] : ["setpriv", $"--reuid={user}", $"--regid={GroupOf(user)}", "--clear-groups"];
        string[] command = [.. asUser, program, .. arguments];

        // The other user may have no access to the current folder.
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = "/",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        try
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
            process.StandardInput.Close();

            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);

            return (process.ExitCode, $"{await output}{await error}".Trim());
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            throw;
        }
    }

    private static string GroupOf(string user)
    {
        const int groupField = 3;
        return File.ReadLines("/etc/passwd").First(line => line.StartsWith($"{user}:", StringComparison.Ordinal)).Split(':')[groupField];
    }

    private static IEnumerable<string> Candidates()
    {
        if (Environment.GetEnvironmentVariable("POSTGRES_BIN") is { Length: > 0 } chosen)
        {
            return [chosen];
        }

        var debian = Directory.Exists(DebianFolder)
            ? Directory.GetDirectories(DebianFolder)
                .Where(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out _))
                .OrderByDescending(folder => int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture))
                .Select(folder => Path.Combine(folder, "bin"))
            : [];
        return [.. debian, .. (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator)];
    }

    private static int MajorVersionOf(string bin)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(bin, "postgres"), "--version") { RedirectStandardOutput = true })!;
        var version = process.StandardOutput.ReadToEnd(); // "postgres (PostgreSQL) 17.6 …"
        process.WaitForExit();
        return int.Parse(version.Split(' ')[2].Split('.', 'b', 'r')[0], CultureInfo.InvariantCulture);
    }
}
