using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace OrderFunctions.Local.Tests;

/// <summary>The local host's rooms: Cli → host → {Bus, Streams, Outside} → Storage, and nothing points back.</summary>
public sealed partial class RoomTests
{
    const string Host = "";

    static readonly string Local = Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../functions/Local");

    static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Storage"] = [],
        ["Bus"] = ["Storage"],
        ["Streams"] = ["Storage"],
        ["Outside"] = ["Storage"],
        [Host] = ["Storage", "Bus", "Streams", "Outside"],
        ["Cli"] = [Host],
    };

    [Fact]
    public void Every_folder_with_code_is_a_room_and_its_files_have_its_namespace()
    {
        Assert.Equal(MayUse.Keys.Order(), Files().Select(file => file.Room).Distinct().Order());
        foreach (var (room, name, code) in Files().Where(file => file.Name is not "Program.cs"))
            Assert.True(code.Contains($"namespace OrderFunctions.Local{(room is Host ? "" : ".")}{room};", StringComparison.Ordinal), name);
    }

    [Fact]
    public void A_room_uses_only_the_rooms_below_it()
    {
        // Types of the host's namespace need no using directive, so they are found by name.
        var hostTypes = string.Join('|', Files()
            .Where(file => file.Room is Host).SelectMany(file => Types().Matches(file.Code)).Select(type => type.Groups[1].Value));
        Assert.Contains("LocalSaga", hostTypes, StringComparison.Ordinal);
        foreach (var (room, name, code) in Files())
        {
            var used = Rooms().Matches(code).Select(match => match.Groups[1].Value).Where(other => other != room).ToHashSet();
            if (room is not Host && Regex.IsMatch(code, $@"(?<![.\w])({hostTypes})\b(?! *[(=])"))
                used.Add(Host);
            Assert.True(
                used.IsSubsetOf(MayUse[room]),
                $"{room}/{name} uses {string.Join(", ", used.Select(other => other is Host ? "the host" : other))}.");
        }
    }

    /// <summary>All source files, with the room they are in, without comments.</summary>
    static IEnumerable<(string Room, string Name, string Code)> Files() =>
        from path in Directory.GetFiles(Local, "*.cs", SearchOption.AllDirectories)
        let parts = Path.GetRelativePath(Local, path).Split(Path.DirectorySeparatorChar)
        where parts[0] is not ("bin" or "obj")
        select (parts.Length == 1 ? Host : parts[0], parts[^1], Comments().Replace(File.ReadAllText(path), ""));

    [GeneratedRegex(@"//.*")]
    private static partial Regex Comments();

    [GeneratedRegex(@"^(?:public )?(?:static |sealed |abstract |partial )*(?:class|record|interface|enum) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Types();

    [GeneratedRegex(@"\bLocal\.(Storage|Bus|Streams|Outside|Cli)\b")]
    private static partial Regex Rooms();

    static string ThisFile([CallerFilePath] string path = "") => path;
}
