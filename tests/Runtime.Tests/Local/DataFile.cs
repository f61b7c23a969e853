using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using OrderFunctions.Local.Bus;
using OrderFunctions.Local.Storage;

namespace OrderFunctions.Local.Tests;

/// <summary>A database in a folder of its own, or in memory, that can be opened again as after a crash of the process.</summary>
sealed class DataFile(bool inMemory) : IAsyncDisposable
{
    const int LogHeader = 32;

    readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("orderfunctions-");
    readonly List<IAsyncDisposable> open = [];
    int copies;

    public string Path { get; private set; } = inMemory ? Database.InMemory : "";

    public Database Open(int ordersMax = 20_000)
    {
        if (Path is "")
            Path = System.IO.Path.Combine(folder.FullName, "saga.db");
        var database = Database.Open(Path, NullLogger.Instance, ordersMax);
        open.Add(database);
        return database;
    }

    /// <summary>
    /// Goes on as after a crash at this moment: copies the files while the first process still has them open, so that nothing is checkpointed,
    /// closed or settled. If the log was restarted meanwhile, which its header shows, it copies again: no disk ever holds half of each.
    /// </summary>
    public void Crash() => Crash(Path);

    /// <param name="path">The file to copy, where it is not the one that was opened last.</param>
    public void Crash(string path)
    {
        var log = path + "-wal";
        byte[] before, file, after;
        do
        {
            before = Read(log);
            file = Read(path);
            after = Read(log);
        }
        while (!before.AsSpan().StartsWith(after.AsSpan(0, Math.Min(LogHeader, after.Length))));

        var copy = folder.CreateSubdirectory($"{++copies}");
        Path = System.IO.Path.Combine(copy.FullName, System.IO.Path.GetFileName(path));
        File.WriteAllBytes(Path, file);
        File.WriteAllBytes(Path + "-wal", after);
    }

    static byte[] Read(string path)
    {
        using var from = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var to = new MemoryStream();
        from.CopyTo(to);
        return to.ToArray();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var database in open)
            await database.DisposeAsync();
        folder.Delete(recursive: true);
    }
}

static class Receiving
{
    /// <summary>Null if there is nothing to receive for that long.</summary>
    public static async Task<Delivery?> ReceiveAsync(this SqliteBus bus, string subscription, TimeSpan wait)
    {
        for (var since = Stopwatch.GetTimestamp(); ; await Task.Delay(1))
        {
            if (bus.TryReceive(subscription) is { } delivery)
                return delivery;
            if (Stopwatch.GetElapsedTime(since) >= wait)
                return null;
        }
    }
}

/// <summary>Holds the writer back, and so everything that is queued behind it, like a slow disk, until it is set.</summary>
sealed class Pause : Write, IDisposable
{
    // Needs no disposal, unlike an event: the writer may come to it after the test has left its scope.
    readonly TaskCompletionSource end = new();

    public void Set() => end.TrySetResult();

    public void Dispose() => Set();

    public override void Run(Connection connection) => end.Task.Wait(TimeSpan.FromSeconds(20));
}
