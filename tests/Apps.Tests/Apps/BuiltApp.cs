using System.Text.Json.Nodes;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;
using OrderFunctions.Apps.Tests.Infrastructure;
using OrderFunctions.Runtime;
using OrderFunctions.Saga.Tests;

namespace OrderFunctions.Apps.Tests.Apps;

/// <summary>An app as it was built together with these tests, in the same configuration: what the host reads of it.</summary>
sealed class BuiltApp(string participant)
{
    /// <summary>By participant: one type of its app, which is named after the folder of its rules.</summary>
    public static readonly IReadOnlyDictionary<string, Type> All = Topology.Current.Subscriptions.ToDictionary(
        s => s.Name, s => AppOf(Deciders.FolderOf(s.Name)));

    static Type AppOf(string name) =>
        Type.GetType($"OrderFunctions.{name}App.{name}Functions, OrderFunctions.{name}App", throwOnError: true)!;

    /// <summary>With the stand-in an app is as it is with the package, except that the host is not given the extension.</summary>
    public static bool HasTheExtension => typeof(ServiceBusTriggerAttribute).Assembly.GetName().Name != "OrderFunctions.StandIns";

    readonly Type functions = All[participant];

    public string Assembly => functions.Assembly.GetName().Name!;

    /// <summary>As <c>functions.metadata</c> has them: what the platform scales by.</summary>
    public IReadOnlyList<BuiltFunction> Functions => [.. JsonNode.Parse(Read("functions.metadata"))!.AsArray()
        .Select(function => new BuiltFunction(function!["name"]!.GetValue<string>(), [.. function["bindings"]!.AsArray().Select(b => b!.AsObject())]))];

    public IReadOnlyList<BuiltFunction> Triggered(string by) => [.. Functions.Where(function => function.Type == by)];

    /// <summary>As the worker tells them to the host, by code that the SDK generated.</summary>
    public async Task<IReadOnlyList<BuiltFunction>> IndexedAsync()
    {
        var type = functions.Assembly.GetType($"{Assembly}.GeneratedFunctionMetadataProvider", throwOnError: true)!;
        var all = await ((IFunctionMetadataProvider)Activator.CreateInstance(type)!).GetFunctionMetadataAsync(Folder);
        return [.. all.Select(function => new BuiltFunction(function.Name!, [.. function.RawBindings!.Select(b => JsonNode.Parse(b)!.AsObject())]))];
    }

    public bool Has(string file) => Repository.Exists($"{Folder}/{file}");

    public string Read(string file) => Repository.Read($"{Folder}/{file}");

    string Folder
    {
        get
        {
            var output = new DirectoryInfo(AppContext.BaseDirectory);
            return $"functions/{functions.Namespace!.Split('.')[^1]}/bin/{output.Parent!.Name}/{output.Name}";
        }
    }
}

/// <summary>A function and its bindings, the trigger first.</summary>
sealed record BuiltFunction(string Name, IReadOnlyList<JsonObject> Bindings)
{
    public string Type => this["type"];

    /// <summary>A property of the trigger; empty where it has none.</summary>
    public string this[string property] => $"{Bindings[0][property]}";
}
