namespace OrderFunctions.EndToEnd;

/// <summary>A folder for one test's data, deleted afterwards.</summary>
public sealed class DataFolder : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("orderfunctions-").FullName;

    public string Database => Path.Combine(folder, "saga.db");

    public string Write(string name, string content)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, content);
        return path;
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
