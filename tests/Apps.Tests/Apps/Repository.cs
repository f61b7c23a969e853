using System.Reflection;

namespace OrderFunctions.Apps.Tests.Apps;

static class Repository
{
    static readonly Dictionary<string, string?> Built = typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().ToDictionary(a => a.Key, a => a.Value);

    public static string At(string path) => Path.Combine(Built["Root"]!, path);

    /// <summary>A file beside an app's assembly, as it was built.</summary>
    public static string BuiltWith(Type functions, string file) =>
        At($"functions/{functions.Namespace!.Split('.')[^1]}/bin/{Built["Configuration"]}/net10.0/{file}");
}
