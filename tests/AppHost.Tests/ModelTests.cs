using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.AppHost.Tests;

/// <summary>What is started, with what, and in which order.</summary>
public class ModelTests
{
    [Fact]
    public async Task There_are_three_emulators_a_database_for_one_of_them_and_five_apps()
    {
        await using var builder = await ModelAsync();

        Assert.Equal(["cosmos", "servicebus", "sql", "storage"], Emulators(builder));
        Assert.Equal(
            Topology.Current.Subscriptions.Select(subscription => subscription.Name),
            builder.Resources.OfType<ExecutableResource>().Select(r => r.Name));
    }

    [Fact]
    public async Task Every_image_is_one_version()
    {
        await using var builder = await ModelAsync();

        var images = builder.Resources.SelectMany(r => r.Annotations.OfType<ContainerImageAnnotation>()).ToList();

        Assert.Equal(4, images.Count);
        Assert.All(images, image => Assert.Equal("mcr.microsoft.com", image.Registry));
        Assert.All(images, image => Assert.Matches(@"\d", image.Tag));
        Assert.DoesNotContain(images, image => image.Tag!.Contains("latest", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nothing_listens_where_another_machine_could_reach_it()
    {
        await using var builder = await ModelAsync();

        var endpoints = builder.Resources.SelectMany(r => r.Annotations.OfType<EndpointAnnotation>()).ToList();

        Assert.All(endpoints, endpoint => Assert.Equal("localhost", endpoint.TargetHost));
        Assert.Equal(
            [5300, 5672, 7071, 7072, 7073, 7074, 7075, 8081, 10000, 10001, 10002],
            endpoints.Select(endpoint => endpoint.Port).OfType<int>().Order());
    }

    [Fact]
    public async Task An_app_starts_once_each_emulator_is_healthy()
    {
        await using var builder = await ModelAsync();
        var emulators = builder.Resources.OfType<ContainerResource>().ToList();

        // The database is published to the Service Bus emulator alone, which is not healthy without it.
        Assert.All(emulators.Where(r => r.Name != "sql"), emulator => Assert.Single(emulator.Annotations.OfType<HealthCheckAnnotation>()));
        foreach (var app in builder.Resources.OfType<ExecutableResource>())
        {
            var waits = app.Annotations.OfType<WaitAnnotation>().ToList();
            Assert.Equal(emulators, waits.Select(wait => wait.Resource));
            Assert.All(waits, wait => Assert.Equal(WaitType.WaitUntilHealthy, wait.WaitType));
        }
    }

    [Fact]
    public async Task The_Service_Bus_emulator_has_the_topology_of_topology_json()
    {
        await using var builder = await ModelAsync();
        var emulator = builder.Resources.Single(r => r.Name == "servicebus");
        var files = Assert.Single(emulator.Annotations.OfType<ContainerFileSystemCallbackAnnotation>());
        var file = Assert.IsType<ContainerFile>(Assert.Single(await files.Callback(null!, CancellationToken.None)));
        Assert.Equal("/ServiceBus_Emulator/ConfigFiles/Config.json", $"{files.DestinationPath}/{file.Name}");

        using var json = JsonDocument.Parse(file.Contents!);
        var topic = json.RootElement.GetProperty("UserConfig").GetProperty("Namespaces")[0].GetProperty("Topics")[0];

        Assert.Equal(Topology.TopicName, topic.GetProperty("Name").GetString());
        Assert.True(topic.GetProperty("Properties").GetProperty("RequiresDuplicateDetection").GetBoolean());
        Assert.Equal(
            Topology.Current.Subscriptions.Select(s => $"{s.Name}: {string.Join(' ', s.Hears)}"),
            topic.GetProperty("Subscriptions").EnumerateArray()
                .Select(s => $"{s.GetProperty("Name").GetString()}: {string.Join(' ', Labels(s))}"));
        foreach (var subscription in topic.GetProperty("Subscriptions").EnumerateArray().Select(s => s.GetProperty("Properties")))
        {
            Assert.True(subscription.GetProperty("RequiresSession").GetBoolean());

            // The kernel sets a message aside before the broker would.
            var deliveriesMax = int.Parse(AppSettings.Of(Participants.Orders, new("", "", ""))["Turn__DeliveriesMax"], null);
            Assert.InRange(deliveriesMax, 1, subscription.GetProperty("MaxDeliveryCount").GetInt32() - 1);
        }
    }

    [Theory]
    [InlineData("ServiceBus", "cosmos storage")]
    [InlineData("Cosmos:Endpoint", "servicebus sql storage")]
    [InlineData("AzureWebJobsStorage", "cosmos servicebus sql")]
    public async Task What_the_environment_names_is_not_emulated(string setting, string emulators)
    {
        await using var builder = await ModelAsync($"--{setting}=named");

        Assert.Equal(emulators.Split(' '), Emulators(builder));
    }

    static IEnumerable<string> Emulators(IDistributedApplicationTestingBuilder builder) =>
        builder.Resources.OfType<ContainerResource>().Select(r => r.Name).Order();

    static IEnumerable<string?> Labels(JsonElement subscription) => subscription.GetProperty("Rules").EnumerateArray()
        .Select(rule => rule.GetProperty("Properties").GetProperty("CorrelationFilter").GetProperty("Label").GetString());

    static Task<IDistributedApplicationTestingBuilder> ModelAsync(params string[] arguments) =>
        DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(arguments);
}
