using System.Text.RegularExpressions;
using OrderFunctions.Http;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <summary>What the documents copy from elsewhere, and where their links lead.</summary>
public sealed partial class DocumentTests
{
    /// <summary>A page that is read before anything else: what is longer stands one click away.</summary>
    const int ReadmeLinesMax = 130;

    static readonly string[] Documents =
    [
        .. Repository.Files(".", "*.md").Select(path => path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path)
            .Where(path => !path.Split('/').Any(part => part is "bin" or "obj" or "node_modules" or "TestResults" or ".tools")),
    ];

    [Fact]
    public void The_readme_is_short() => Assert.InRange(File.ReadLines(Repository.PathOf("README.md")).Count(), 1, ReadmeLinesMax);

    [Fact]
    public void Every_link_leads_to_a_file_and_a_heading_that_are_there()
    {
        var broken =
            from document in Documents
            from link in Link().Matches(Repository.Read(document)).Select(match => match.Groups[1].Value)
            where !link.Contains("://", StringComparison.Ordinal) && !link.StartsWith("mailto:", StringComparison.Ordinal)
            let parts = link.Split('#')
            let target = parts[0].Length == 0 ? document : Path.Combine(Path.GetDirectoryName(document)!, parts[0])
            where !Repository.Exists(target) || (parts.Length == 2 && !Anchors(target).Contains(parts[1]))
            select $"{document}: {link}";
        Assert.Empty(broken);
        Assert.True(Documents.Length > 10, "The documents were not found.");
    }

    [Fact]
    public void Every_command_of_the_local_host_that_a_document_names_is_one()
    {
        var commands = string.Concat(Repository.Files("functions/Local/Cli", "*.cs").Select(Repository.Read));
        var named =
            from document in Documents
            from match in RunCommand().Matches(Repository.Read(document))
            select match.Groups[1].Value;
        Assert.All(named.Distinct(), command => Assert.Contains($"\"{command}\"", commands, StringComparison.Ordinal));
    }

    [Fact]
    public void The_setting_of_the_link_to_a_trace_is_the_one_that_is_read() => Assert.Contains(
        $"`{Page.TraceLinkSetting.Replace(":", "__", StringComparison.Ordinal)}`", Repository.Read("functions/OPERATING.md"),
        StringComparison.Ordinal);

    static IEnumerable<string> Anchors(string path)
    {
        var text = Repository.Read(path);
        return Heading().Matches(text).Select(match => Slug(match.Groups[1].Value))
            .Concat(Anchor().Matches(text).Select(match => match.Groups[1].Value));
    }

    /// <summary>As GitHub makes them.</summary>
    static string Slug(string heading) =>
        NotInSlug().Replace(heading.ToLowerInvariant(), "").Replace(' ', '-');

    [GeneratedRegex(@"\[[^\]\n]*\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("<a id=\"([^\"]+)\">")]
    private static partial Regex Anchor();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInSlug();

    [GeneratedRegex(@"(?:`|^ +)\./run ([a-z]+)\b", RegexOptions.Multiline)]
    private static partial Regex RunCommand();
}
