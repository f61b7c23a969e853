using System.Text;
using System.Text.Json.Nodes;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <summary>
/// Services are deployed one at a time, so each reads what another version sends. Contracts holds the bodies of messages as they were once
/// sent, one folder per version, and they never change; pipelines/scripts/contract-check.sh also makes the live versions read the new ones.
/// </summary>
public class ContractTests
{
    const string Folder = "tests/Apps.Tests/Infrastructure/Contracts";

    /// <summary>One file per message; the streams of whole flows lie deeper.</summary>
    public static TheoryData<string> Recorded =>
        [.. Repository.Files(Folder, "*.json").Where(path => path.Split('/').Length == Folder.Split('/').Length + 2)];

    public static TheoryData<string> Events => [.. Repository.Files(Folder, "events.txt")];

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

    [Theory, MemberData(nameof(Events))]
    public void An_event_that_was_ever_recorded_is_read_and_written_again_as_it_was(string path)
    {
        foreach (var line in Repository.Read(path).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, body) = (line[..line.IndexOf(' ')], line[(line.IndexOf(' ') + 1)..]);
            var written = EventJson.Encode(EventJson.Decode(name, Encoding.UTF8.GetBytes(body)));
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(body), JsonNode.Parse(written)),
                $"{line} would now be {Encoding.UTF8.GetString(written)}");
        }
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
            // Read and written again, the latest recording must come out with every field that it had: one that was renamed or dropped
            // would be lost here.
            var latest = JsonNode.Parse(Repository.Read(versions[^1]));
            var written = JsonNode.Parse(EventJson.Encode(EventJson.Decode(name, Encoding.UTF8.GetBytes(latest!.ToJsonString()))));
            Assert.True(JsonNode.DeepEquals(latest, written), $"{versions[^1]} would now be sent as {written}");
        }
    }
}
