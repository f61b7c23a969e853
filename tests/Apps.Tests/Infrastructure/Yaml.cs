using YamlDotNet.RepresentationModel;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <summary>One YAML file of the repository, and how to look into it.</summary>
static class Yaml
{
    public static YamlMappingNode Load(string path)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(Repository.Read(path)));
        return (YamlMappingNode)yaml.Documents.Single().RootNode;
    }

    public static IEnumerable<YamlMappingNode> Mappings(YamlNode node) => node.AllNodes.OfType<YamlMappingNode>();

    public static YamlNode? Child(YamlNode? node, string key) =>
        node is YamlMappingNode mapping && mapping.Children.TryGetValue(new YamlScalarNode(key), out var child) ? child : null;

    public static string? Text(YamlNode? node, string key) => (Child(node, key) as YamlScalarNode)?.Value;

    /// <summary>Empty where there is no mapping.</summary>
    public static List<string> Keys(YamlNode? node) =>
        [.. (node as YamlMappingNode)?.Children.Keys.Select(key => ((YamlScalarNode)key).Value!) ?? []];

    public static IEnumerable<YamlNode> Sequence(YamlNode? node, string key) =>
        Child(node, key) as YamlSequenceNode ?? Enumerable.Empty<YamlNode>();
}
