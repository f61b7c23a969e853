using Microsoft.Azure.Cosmos;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.CosmosDb;

public sealed class RegistrationTests
{
    [Theory]
    [InlineData("Cosmos:Endpoint", "Cosmos__Endpoint")]
    [InlineData("Cosmos:Database", "Cosmos__Database")]
    public void A_missing_setting_is_named_when_the_host_starts(string missing, string named)
    {
        var refused = Assert.Throws<OptionsValidationException>(
            () => Services(Participants.Orders, (missing, "")).GetRequiredService<IStartupValidator>().Validate());
        Assert.Contains(named, Assert.Single(refused.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public void Complete_settings_are_accepted() => Services(Participants.Orders).GetRequiredService<IStartupValidator>().Validate();

    [Fact]
    public void Every_participant_has_its_streams_Orders_the_lists_and_Inventory_the_stock()
    {
        foreach (var participant in Topology.Current.Subscriptions.Select(subscription => subscription.Name))
        {
            var services = Services(participant);
            Assert.IsType<CosmosStreamStore>(services.GetRequiredService<IStreamStore>());
            Assert.Equal(participant == Participants.Orders, services.GetService<IOrderQueries>() is CosmosOrderQueries);
            Assert.Equal(participant == Participants.Inventory, services.GetService<IStock>() is CosmosStock);
        }
    }

    [Theory]
    [InlineData(ConsistencyLevel.Strong, true)]
    [InlineData(ConsistencyLevel.BoundedStaleness, true)]
    [InlineData(ConsistencyLevel.Session, false)]
    [InlineData(ConsistencyLevel.ConsistentPrefix, false)]
    [InlineData(ConsistencyLevel.Eventual, false)]
    public void An_account_whose_reads_may_be_stale_is_refused(ConsistencyLevel level, bool isFresh)
    {
        var refused = Record.Exception(() => AccountConsistency.Check(level));
        Assert.Equal(isFresh, refused is null);
        Assert.True(isFresh || refused!.Message.Contains(level.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void The_client_in_Azure_reads_from_the_write_region_and_leaves_throttling_to_us()
    {
        var options = CosmosSettings.ForAzure();
        Assert.Equal(ConnectionMode.Direct, options.ConnectionMode);
        Assert.Null(options.ConsistencyLevel);
        Assert.Null(options.ApplicationPreferredRegions);
        Assert.Null(options.ApplicationRegion);
        Assert.Equal(0, options.MaxRetryAttemptsOnRateLimitedRequests);
        Assert.False(options.AllowBulkExecution);
        Assert.Null(options.ServerCertificateCustomValidationCallback);
    }

    static ServiceProvider Services(string participant, params (string Key, string Value)[] changed)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Cosmos:Endpoint"] = "https://test.documents.azure.com",
            ["Cosmos:Database"] = "orderfunctions",
        };
        foreach (var (key, value) in changed)
            settings[key] = value;
        return new ServiceCollection()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build())
            .AddCosmosDb(participant)
            .BuildServiceProvider();
    }
}
