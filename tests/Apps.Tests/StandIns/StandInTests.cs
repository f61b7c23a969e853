using System.Reflection;

namespace OrderFunctions.Apps.Tests.StandIns;

/// <summary>
/// What the apps are built against here is what they meet in Azure: the stand-ins are held against the public API of the real assemblies,
/// recorded from their metadata in tests/StandIns/*.api.txt, all lines of each type in use.
/// </summary>
public class StandInTests
{
    static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "StandIns");
    static readonly ILookup<string, string> Recorded = Directory.GetFiles(Folder, "*.api.txt")
        .SelectMany(File.ReadLines)
        .Where(line => !line.StartsWith('#'))
        .Select(Compared)
        .ToLookup(line => line.Split('\t')[0]);

    public static TheoryData<string> Assemblies => ["StandIns.AzureServiceBus", "StandIns.FunctionsWorker"];

    [Theory, MemberData(nameof(Assemblies))]
    public void A_stand_in_has_no_member_that_the_real_type_lacks_or_has_otherwise(string assembly)
    {
        var unknown = Types(assembly).SelectMany(PublicApi.Lines).Select(Compared).Where(line => !Recorded[line.Split('\t')[0]].Contains(line));

        Assert.True(!unknown.Any(), $"Not in the recorded API:\n{string.Join('\n', unknown)}");
    }

    [Theory, MemberData(nameof(Assemblies))]
    public void A_stand_in_leaves_out_nothing_that_whoever_derives_from_the_real_type_must_write(string assembly)
    {
        var missing = Types(assembly).Where(type => type.IsAbstract && !type.IsSealed).SelectMany(type =>
        {
            var lines = PublicApi.Lines(type).Select(Compared).ToList();
            return Recorded[lines[^1].Split('\t')[0]].Except(lines)
                .Where(line => line.Contains(" abstract ", StringComparison.Ordinal) || (type.IsInterface && !line.Contains("\ttype\t", StringComparison.Ordinal)));
        });

        Assert.True(!missing.Any(), $"Left out:\n{string.Join('\n', missing)}");
    }

    [Fact]
    public void Every_recorded_type_is_stood_in_for_and_every_record_says_of_which_version()
    {
        var standIns = Assemblies.SelectMany(row => Types(row.Data)).Select(type => type.FullName);

        Assert.Equal(Recorded.Select(type => type.Key).Order(StringComparer.Ordinal), standIns.Order(StringComparer.Ordinal));
        Assert.All(Directory.GetFiles(Folder, "*.api.txt"), file => Assert.Matches(@"^# \S+ product \S+ assembly [\d.]+ ", File.ReadLines(file).First()));
    }

    static Type[] Types(string assembly) =>
        Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, $"{assembly}.dll")).GetExportedTypes();

    /// <summary>Interfaces come in no particular order; what an editor hides is no part of the shape.</summary>
    static string Compared(string line)
    {
        line = line.Replace("[EditorBrowsable] ", "", StringComparison.Ordinal);
        return line.Contains("\ttype\t", StringComparison.Ordinal) && line.Split(" : ") is [var type, var bases]
            ? $"{type} : {string.Join(", ", bases.Split(", ").Order(StringComparer.Ordinal))}"
            : line;
    }
}
