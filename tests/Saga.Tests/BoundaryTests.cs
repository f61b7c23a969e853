using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace OrderFunctions.Saga.Tests;

/// <summary>What the layout promises about who may know whom.</summary>
public class BoundaryTests
{
    static readonly string Functions = Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../functions");

    [Fact]
    public void A_participants_rules_know_no_other_participants_rules()
    {
        var folders = Directory.GetDirectories(Path.Combine(Functions, "Saga")).Select(Path.GetFileName).Where(name => name is not ("bin" or "obj")).ToList();
        Assert.Equal(5, folders.Count);
        foreach (var folder in folders)
        {
            var others = string.Join('|', folders.Where(other => other != folder));
            foreach (var file in Directory.GetFiles(Path.Combine(Functions, "Saga", folder!), "*.cs"))
                Assert.DoesNotMatch(new Regex($@"\b({others})\.|using .*\.({others});"), File.ReadAllText(file));
        }
    }

    [Fact]
    public void The_rules_reference_nothing_but_the_runtime_library() =>
        Assert.All(typeof(OrderEvent).Assembly.GetReferencedAssemblies(), name => Assert.StartsWith("System.", name.Name));

    [Theory]
    [InlineData("Saga", "")]
    [InlineData("Runtime", "Saga")]
    [InlineData("Http", "Runtime")]
    [InlineData("CosmosDb", "Runtime")]
    [InlineData("Local", "Http,Runtime")]
    public void A_project_references_only_what_its_layer_may_know(string project, string mayReference)
    {
        var csproj = Path.Combine(Functions, project, $"{project}.csproj");
        if (!File.Exists(csproj))
            Assert.Skip($"{project} is not part of the tree.");
        var references = Regex.Matches(File.ReadAllText(csproj), @"ProjectReference Include=""[^""]*?(\w+)\.csproj""").Select(match => match.Groups[1].Value);
        Assert.All(references, reference => Assert.Contains(reference, mayReference.Split(',')));
    }

    static string ThisFile([CallerFilePath] string path = "") => path;
}
