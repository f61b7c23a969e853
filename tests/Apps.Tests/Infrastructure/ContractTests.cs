using System.Text;
using System.Text.Json.Nodes;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <summary>
/// Services go out one at a time, so each reads what another version says. The bodies of messages as they were once sent stand in Contracts,
/// a folder a version, and never change; pipelines/scripts/contract-check.sh also has the version before read those of this one.
/// </summary>
public class ContractTests
{
    const string Folder = "tests/Apps.Tests/Infrastructure/Contracts";

    public static TheoryData<string> Recorded => [.. Repository.Files(Folder, "*.json")];

    static string Event(string path) => Path.GetFileNameWithoutExtension(path);

    [Theory, MemberData(nameof(Recorded))]
    public void A_message_that_was_ever_sent_is_read(string path) =>
        Assert.Equal(Event(path), EventJson.Decode(Event(path), Encoding.UTF8.GetBytes(Repository.Read(path))).GetType().Name);

    [Theory, MemberData(nameof(Recorded))]
    public void A_later_versions_field_is_passed_over(string path)
    {
        var body = JsonNode.Parse(Repository.Read(path))!.AsObject();
        body["fieldOfALaterVersion"] = new JsonObject { ["deep"] = 1 };

        Assert.Equal(Event(path), EventJson.Decode(Event(path), Encoding.UTF8.GetBytes(body.ToJsonString())).GetType().Name);
    }

    [Fact]
    public void Every_message_is_recorded_as_this_version_sends_it()
    {
        var messages = typeof(OrderEvent).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(PublicEvent)) && !type.IsAbstract)
            .Select(type => type.Name);
        foreach (var name in messages)
        {
            var versions = Repository.Files(Folder, $"{name}.json");
            Assert.True(versions.Count > 0, $"{name} is not recorded below {Folder}");
            // Read and written again, the latest recording must come out with every field that it had: one that was renamed or dropped would be
            // lost here.
            var latest = JsonNode.Parse(Repository.Read(versions[^1]));
            var written = JsonNode.Parse(EventJson.Encode(EventJson.Decode(name, Encoding.UTF8.GetBytes(latest!.ToJsonString()))));
            Assert.True(JsonNode.DeepEquals(latest, written), $"{versions[^1]} would now be sent as {written}");
        }
    }
}
