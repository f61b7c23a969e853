using System.Runtime.CompilerServices;

namespace OrderFunctions.Saga.Tests;

/// <summary>
/// Behaviour that people review as text. A test writes what it found; where that differs from the approved file it fails and leaves the new
/// text beside it as <c>.received.txt</c>. <c>APPROVE=1 dotnet test</c> accepts what was found.
/// </summary>
public static class Approved
{
    public static void Verify(string name, string found, [CallerFilePath] string testFile = "")
    {
        var folder = Path.Combine(Path.GetDirectoryName(testFile)!, "Approved");
        var approved = Path.Combine(folder, $"{name}.txt");
        var received = Path.Combine(folder, $"{name}.received.txt");
        found = found.ReplaceLineEndings("\n").TrimEnd() + "\n";
        if (Environment.GetEnvironmentVariable("APPROVE") is "1")
            File.WriteAllText(approved, found);
        var expected = File.Exists(approved) ? File.ReadAllText(approved).ReplaceLineEndings("\n") : "";
        if (expected == found)
        {
            File.Delete(received);
            return;
        }
        File.WriteAllText(received, found);
        Assert.Fail($"Approved/{name}.txt says otherwise. Compare it with {Path.GetFileName(received)}; APPROVE=1 accepts. First difference: {FirstDifference(expected, found)}");
    }

    static string FirstDifference(string expected, string found)
    {
        var pairs = expected.Split('\n').Zip(found.Split('\n')).Select((lines, index) => (lines.First, lines.Second, Line: index + 1));
        var (before, now, line) = pairs.FirstOrDefault(pair => pair.First != pair.Second);
        return line == 0 ? "one is longer than the other" : $"line {line}: approved \"{before}\", found \"{now}\"";
    }
}
