using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;

namespace OrderFunctions.EndToEnd;

/// <summary>
/// Makes a power cut of a kill: of the writes that the disk had not confirmed, a random part never happened and others happened only in
/// part, a sector here and a sector there. A library that is preloaded into the host keeps what those writes replaced
/// (<c>unsynced_writes.c</c>).
/// </summary>
sealed class PowerCut(string database, Random random)
{
    const int Sector = 512;

    static readonly string Source = Path.Combine(
        typeof(PowerCut).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key is "Root").Value!,
        "tests/EndToEnd/PowerCut/unsynced_writes.c");

    static readonly Lazy<string?> Library = new(Build);

    int cuts, kept, undone, torn;

    /// <summary>Cuts after which a write was missing, at least in part.</summary>
    public int CutsWithLoss { get; private set; }

    public override string ToString() =>
        $"{CutsWithLoss} of {cuts} power cuts lost writes: {undone} were undone, {torn} torn, {kept} kept though not yet synced.";

    /// <summary>Skips the test where the library cannot be built.</summary>
    public static void SkipIfImpossible()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only on Linux is a library preloaded that keeps unsynced writes.");
        Assert.SkipWhen(Library.Value is null, "There is no C compiler (cc) for the library that keeps unsynced writes.");
    }

    /// <summary>The environment of a host whose power can be cut.</summary>
    /// <param name="lies">Its disk confirms syncs that it has not done.</param>
    public static Dictionary<string, string> Environment(bool lies = false)
    {
        var environment = new Dictionary<string, string> { ["LD_PRELOAD"] = Library.Value! };
        if (lies)
            environment["SYNC_LIES"] = "1";
        return environment;
    }

    /// <summary>Changes the files of a host that was killed.</summary>
    /// <param name="all">Loses every unsynced write.</param>
    public void Strike(bool all = false)
    {
        cuts++;
        var before = undone + torn;
        Strike(database, all);
        Strike(database + "-wal", all);
        CutsWithLoss += undone + torn > before ? 1 : 0;
    }

    void Strike(string path, bool all)
    {
        var record = path + ".unsynced";
        if (!File.Exists(record))
            return;
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        var writes = Writes(record);
        File.Delete(record);

        // Backwards to what had been synced. What each write wrote stands there once all later ones are undone.
        foreach (var write in Enumerable.Reverse(writes))
        {
            write.New = Read(file, write.Offset, write.Length);
            file.SetLength(write.SizeBefore);
            Write(file, write.Offset, write.Old);
        }
        foreach (var write in writes)
            Redo(file, write, all ? 0 : random.Next(3));
    }

    void Redo(FileStream file, UnsyncedWrite write, int fate)
    {
        if (fate == 0)
        {
            undone++;
        }
        else if (write.IsTruncation)
        {
            file.SetLength(write.Offset);
            kept++;
        }
        else if (fate == 1)
        {
            Write(file, write.Offset, write.New);
            kept++;
        }
        else
        {
            for (var (start, end) = (0, 0); start < write.New.Length; start = end)
            {
                end = (int)Math.Min(write.New.Length, start + Sector - (write.Offset + start) % Sector);
                if (random.Next(2) == 0)
                    Write(file, write.Offset + start, write.New.AsSpan(start..end));
            }
            torn++;
        }
    }

    /// <summary>The host may have died while it recorded: what it recorded by half, it had not yet written.</summary>
    static List<UnsyncedWrite> Writes(string record)
    {
        const int Head = 4 * sizeof(long);
        var bytes = File.ReadAllBytes(record).AsSpan();
        var writes = new List<UnsyncedWrite>();
        while (bytes.Length >= Head && bytes.Length >= Head + Number(bytes, 3))
        {
            var end = Head + (int)Number(bytes, 3);
            writes.Add(new(Number(bytes, 0), Number(bytes, 1), Number(bytes, 2), bytes[Head..end].ToArray()));
            bytes = bytes[end..];
        }
        return writes;

        static long Number(ReadOnlySpan<byte> head, int index) => BitConverter.ToInt64(head[(index * sizeof(long))..]);
    }

    static byte[] Read(FileStream file, long offset, long length)
    {
        var bytes = new byte[Math.Clamp(file.Length - offset, 0, Math.Max(0, length))];
        file.Position = offset;
        file.ReadExactly(bytes);
        return bytes;
    }

    static void Write(FileStream file, long offset, ReadOnlySpan<byte> bytes)
    {
        // An empty write must not make the file longer.
        if (bytes.IsEmpty)
            return;
        file.Position = offset;
        file.Write(bytes);
    }

    static string? Build()
    {
        var library = Path.Combine(AppContext.BaseDirectory, "unsynced_writes.so");
        try
        {
            using var compiler = Process.Start("cc", ["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", library, Source]);
            compiler.WaitForExit();
            Assert.Equal(0, compiler.ExitCode);
            return library;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    sealed record UnsyncedWrite(long SizeBefore, long Offset, long Length, byte[] Old)
    {
        public bool IsTruncation => Length < 0;

        public byte[] New { get; set; } = [];
    }
}
