using System.Text;

namespace OrderFunctions.Local.Storage;

/// <summary>Files for their owner only: they hold addresses and card tokens. SQLite makes its other files as the first one is.</summary>
static class PrivateFile
{
    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Opens the file for this process alone, or creates it.</summary>
    public static FileStream Open(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        return new(path, options);
    }

    public static void Write(string path, string text)
    {
        using var file = Open(path);
        file.SetLength(0);
        file.Write(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Also where an earlier version, or somebody else, made it.</summary>
    public static void Keep(string path)
    {
        using (Open(path))
        {
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, OwnerOnly);
        }
    }
}
