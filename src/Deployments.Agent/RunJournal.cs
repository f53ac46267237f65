using System.Text.Json;

namespace Deployments.Agent;

/// <summary>A run that was started, and whose outcome the service does not have yet.</summary>
/// <param name="Id">The run.</param>
/// <param name="SignalUrl">Where to report its outcome; null if nobody wants it.</param>
/// <param name="SignalVerb">By which method.</param>
/// <param name="Body">The outcome as it is sent; null while there is none.</param>
internal sealed record RunRecord(Guid Id, string? SignalUrl, string SignalVerb, string? Body);

/// <summary>
/// Which runs were started, and what came of them, on the disk: so that none is started twice and no outcome is lost, whenever the agent or
/// its machine stops.
/// <list type="bullet">
/// <item><c>pending/ID.json</c>: a run that was started; it has the outcome as soon as there is one</item>
/// <item><c>done/ID</c>: a run that has nothing left to report; kept for ever</item>
/// <item><c>work/ID/</c>: the files of the script that runs</item>
/// <item><c>lock</c>: held by the one agent that uses this folder</item>
/// </list>
/// </summary>
internal sealed class RunJournal : IDisposable
{
    private const string RecordSuffix = ".json";

    private readonly string pending;
    private readonly string done;
    private readonly string work;
    private readonly FileStream lockFile;
    private readonly Lock gate = new();
    private readonly HashSet<Guid> started = [];

    private RunJournal(string folder, FileStream lockFile)
    {
        (pending, done, work) = (Path.Combine(folder, "pending"), Path.Combine(folder, "done"), Path.Combine(folder, "work"));
        this.lockFile = lockFile;
    }

    /// <summary>Opens the journal of an agent. Throws <see cref="StartException"/> if it cannot be written, or another agent uses it.</summary>
    public static RunJournal Open(string folder)
    {
        FileStream? lockFile = null;
        try
        {
            var isNew = !Directory.Exists(folder);
            PrivateFiles.CreateFolder(folder);
            if (isNew && Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(folder)) is { } parent)
            {
                Libc.SyncFolder(parent);
            }

            lockFile = OpenLock(Path.Combine(folder, "lock"));
            var journal = new RunJournal(folder, lockFile);
            foreach (var part in new[] { journal.pending, journal.done, journal.work })
            {
                PrivateFiles.CreateFolder(part);
            }

            Libc.SyncFolder(folder);
            return journal;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            lockFile?.Dispose();
            throw new StartException($"The state folder {folder} cannot be used: {exception.Message}");
        }
    }

    /// <summary>The runs that the agent before this one left without a final response. Records that cannot be read are logged, and stay.</summary>
    public IReadOnlyList<RunRecord> ReadPending(Action<string> log)
    {
        var records = new List<RunRecord>();
        foreach (var file in Directory.EnumerateFiles(pending).Where(file => file.EndsWith(RecordSuffix, StringComparison.Ordinal)))
        {
            if (!Guid.TryParse(Path.GetFileNameWithoutExtension(file), out var id))
            {
                continue;
            }

            started.Add(id);
            if (File.Exists(DoneFile(id)))
            {
                File.Delete(file); // the agent stopped between the two steps of Complete
                continue;
            }

            try
            {
                records.Add(JsonSerializer.Deserialize(File.ReadAllBytes(file), AgentJson.Default.RunRecord) ?? throw new JsonException());
            }
            catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
            {
                log($"Run {id}: its record {file} cannot be read, so it can be neither run again nor reported.");
            }
        }

        return records;
    }

    /// <summary>Whether a run was started, now or by an earlier agent.</summary>
    public bool Contains(Guid id)
    {
        lock (gate)
        {
            return started.Contains(id) || File.Exists(DoneFile(id));
        }
    }

    /// <summary>Where the files of a run's script are.</summary>
    public string WorkFolder(Guid id) => Path.Combine(work, $"{id}");

    /// <summary>Records that a run is started. Returns when that is on the disk; only then may it run.</summary>
    public void Start(RunRecord run)
    {
        Write(run);
        lock (gate)
        {
            started.Add(run.Id);
        }
    }

    /// <summary>Records the outcome of a run. Returns when that is on the disk.</summary>
    public void End(RunRecord run) => Write(run);

    /// <summary>Records that nothing of a run is left to report.</summary>
    public void Complete(Guid id)
    {
        PrivateFiles.Replace(DoneFile(id), []);
        File.Delete(RecordFile(id));
        lock (gate)
        {
            started.Remove(id);
        }
    }

    public void Dispose() => lockFile.Dispose();

    private static FileStream OpenLock(string path)
    {
        try
        {
            return PrivateFiles.OpenExclusively(path);
        }
        catch (IOException) when (File.Exists(path))
        {
            throw new StartException($"Another agent uses the state folder {Path.GetDirectoryName(path)}.");
        }
    }

    private void Write(RunRecord run) =>
        PrivateFiles.Replace(RecordFile(run.Id), JsonSerializer.SerializeToUtf8Bytes(run, AgentJson.Default.RunRecord));

    private string RecordFile(Guid id) => Path.Combine(pending, $"{id}{RecordSuffix}");

    private string DoneFile(Guid id) => Path.Combine(done, $"{id}");
}
