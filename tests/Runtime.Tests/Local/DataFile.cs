using Microsoft.Extensions.Logging.Abstractions;

namespace OrderFunctions.Local.Tests;

/// <summary>A database in a folder of its own, or in memory, that can be opened again as after a crash of the process.</summary>
sealed class DataFile(bool inMemory) : IAsyncDisposable
{
    readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("orderfunctions-");
    readonly List<IAsyncDisposable> open = [];
    int copies;

    public string Path { get; private set; } = inMemory ? Database.InMemory : "";

    public Database Open()
    {
        if (Path is "")
            Path = System.IO.Path.Combine(folder.FullName, "saga.db");
        var database = Database.Open(Path, NullLogger.Instance);
        open.Add(database);
        return database;
    }

    /// <summary>
    /// What the disk holds at this moment, as the next process finds it: the files are copied while the first process still has them open and goes on, so
    /// that nothing is checkpointed, closed or settled.
    /// </summary>
    public void Crash() => Crash(Path);

    /// <param name="path">The file to copy, where it is not the one that was opened last.</param>
    public void Crash(string path)
    {
        var copy = folder.CreateSubdirectory($"{++copies}");
        foreach (var file in (string[])[path, path + "-wal"])
        {
            using var from = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var to = File.Create(System.IO.Path.Combine(copy.FullName, System.IO.Path.GetFileName(file)));
            from.CopyTo(to);
        }
        Path = System.IO.Path.Combine(copy.FullName, System.IO.Path.GetFileName(path));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var database in open)
            await database.DisposeAsync();
        folder.Delete(recursive: true);
    }
}
