using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace OrderFunctions.Saga.Tests;

/// <summary>Which project may use which.</summary>
public class BoundaryTests
{
    static readonly string Functions = Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../functions");

    [Fact]
    public void A_participants_rules_know_no_other_participants_rules()
    {
        var folders = Directory.GetDirectories(Path.Combine(Functions, "Saga")).Select(Path.GetFileName).Where(name => name is not ("bin" or "obj")).ToList();
        Assert.Equal(Participants.Deciders.Keys.Select(Deciders.FolderOf).Order(), folders.Order());
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

    /// <summary>Every project of functions/, and what it may use: business rules, message rules, hands; then adapters and hosts.</summary>
    static readonly Dictionary<string, string[]> MayReference = new()
    {
        ["Saga"] = [],
        ["Kernel"] = ["Saga"],
        ["Runtime"] = ["Kernel", "Saga"],
        ["Http"] = ["Runtime"],
        ["CosmosDb"] = ["Runtime"],
        ["ServiceBus"] = ["Runtime"],
        ["Providers"] = ["Runtime"],
        ["Observability"] = ["Runtime"],
        ["Hosting"] = ["CosmosDb", "ServiceBus", "Http", "Observability"],
        ["Local"] = ["Http", "Runtime", "Providers", "Observability"],
        ["AppHost"] = ["Runtime", "*App"],
        ["Probe"] = [],
        ["OrdersApp"] = ["Hosting"],
        ["InventoryApp"] = ["Hosting"],
        ["PaymentsApp"] = ["Hosting", "Providers"],
        ["ShippingApp"] = ["Hosting", "Providers"],
        ["NotificationsApp"] = ["Hosting", "Providers"],
    };

    [Fact]
    public void A_project_references_only_what_its_layer_may_know()
    {
        var projects = Directory.GetFiles(Functions, "*.csproj", SearchOption.AllDirectories)
            .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(projects);
        foreach (var path in projects)
        {
            var project = Path.GetFileNameWithoutExtension(path);
            Assert.True(MayReference.TryGetValue(project, out var mayReference), $"{project} has no line in this test.");
            var references = Regex.Matches(File.ReadAllText(path), @"ProjectReference Include=""[^""]*?(\*?\w+)\.csproj""").Select(match => match.Groups[1].Value);
            Assert.All(references.Where(reference => reference != "StandIns"), reference => Assert.Contains(reference, mayReference));
        }
    }

    /// <summary>
    /// Names of events and participants are for the rules of the business and for the read model; the rules of the messages know none.
    /// </summary>
    [Fact]
    public void The_message_rules_name_no_event_and_no_participant()
    {
        var names = typeof(OrderEvent).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(OrderEvent)) && !type.IsAbstract && !typeof(IKernelEvent).IsAssignableFrom(type))
            .Select(type => type.Name).Append(nameof(Participants));
        var named = new Regex($@"\b({string.Join('|', names)})\b");
        string[] files = [.. Directory.GetFiles(Path.Combine(Functions, "Kernel"), "*.cs"), Path.Combine(Functions, "Runtime", "Participant.cs")];
        Assert.All(files, file => Assert.DoesNotMatch(named, File.ReadAllText(file)));
    }

    static string ThisFile([CallerFilePath] string path = "") => path;
}
