using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Moq;
using OrderFunctions.Apps.Tests.ServiceBus.Wire;
using OrderFunctions.Hosting;
using OrderFunctions.Http;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.Saga.Shipping;
using OrderFunctions.Turns;
using Fault = OrderFunctions.CosmosDb.Gateway.Fault;
using Rows = System.Collections.Generic.Dictionary<string, System.Collections.Generic.List<System.Text.Json.Nodes.JsonObject>>;

namespace OrderFunctions.Apps.Tests.Insights;

/// <param name="Rows">What was sent in it, and in the healthy minutes before.</param>
/// <param name="Now">When the alerts look.</param>
/// <param name="Fires">The alerts that fire: its own, and what else is true then.</param>
sealed record AlertScenario(string Name, Rows Rows, DateTimeOffset Now, string[] Fires);

/// <summary>
/// Makes happen what each alert is for, in the apps' own code, and takes down what their set-up sends. Two alerts ask for what Azure itself
/// writes: their rows are made here.
/// </summary>
public sealed class AlertScenarios : IAsyncLifetime
{
    static readonly TurnOptions Impatient = new()
    {
        DeliveriesMax = 2, RetriesMax = 1, RetryPause = TimeSpan.FromMilliseconds(10), AbandonPause = TimeSpan.FromMilliseconds(10),
        ReplayPauses = [TimeSpan.FromHours(1)],
    };

    readonly List<AlertScenario> captured = [];
    InsightsHost insights = null!;
    Rows healthy = [];

    internal IReadOnlyList<AlertScenario> All => captured;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        insights = new();
        await using (var saga = await StartedAsync())
        {
            await saga.PlaceAsync("k-1", WireSaga.Body);
            await saga.SettledAsync(1, TimeSpan.FromSeconds(60));
            await MeasureAsync(saga, TimeSpan.Zero);
        }
        insights.Flush();
        healthy = insights.Endpoint.Take();
        Take("healthy");
        Take("republish-not-running", after: TimeSpan.FromMinutes(12));

        await ParkedAsync();
        await NotStartedAsync();
        await TurnsAsync();
        await CallsAsync();
        Take("daily-cap", ("_LogOperation", new() { ["Category"] = "Ingestion", ["Detail"] = "OverQuota: the daily cap is reached." }));
        Take("stock-partition", ("CDBPartitionKeyStatistics", new()
        {
            ["CollectionName"] = "stock", ["PartitionKey"] = "[\"main\"]", ["SizeKb"] = 17 * 1024 * 1024,
        }));
    }

    public ValueTask DisposeAsync() => insights.DisposeAsync();

    /// <summary>An order that waits for the card provider, and the same order two hours later.</summary>
    async Task ParkedAsync()
    {
        await using var saga = await StartedAsync();
        saga.Ledger.IsDown = true;
        var id = await saga.PlaceAsync("k-1", WireSaga.Body);
        await WireSaga.UntilAsync(async () => (await saga.FindAsync(id))?.Parked.Values.Any(place => place.IsParked) is true);
        await MeasureAsync(saga, TimeSpan.Zero);
        Take("orders-parked");
        await MeasureAsync(saga, TimeSpan.FromHours(2));
        Take("parked-too-long", fires: ["orders-parked", "parked-too-long"]);
    }

    /// <summary>An order is taken in, and no app handles messages, although all their timers run.</summary>
    async Task NotStartedAsync()
    {
        await using var saga = new WireSaga(Impatient);
        await saga.PlaceAsync("k-1", WireSaga.Body);
        await MeasureAsync(saga, TimeSpan.FromDays(11));
        Take("orders-open-too-long");

        await saga.PlaceAsync("k-2", WireSaga.Body);
        foreach (var participant in Participants.Deciders.Keys)
            await saga[participant].Service<Upkeep>().RunAsync(Cancellation);
        Take("nobody-handles", after: TimeSpan.FromMinutes(7), since: TimeSpan.FromMinutes(15));
    }

    async Task TurnsAsync()
    {
        for (var order = 0; order < 20; order++)
            await new World { ChargeAnswer = new CardDeclined("no funds") }.DeliverAsync(World.Message("m-1", World.Reserved));
        Take("payment-failures");

        var late = World.Message("m-1", World.Reserved);
        await new World().DeliverAsync(late with { EnqueuedAt = late.EnqueuedAt.AddMinutes(-2) });
        Take("message-lag");

        for (var order = 0; order < 100; order++)
        {
            var world = new World();
            if (order % 10 == 0)
                world.Fail("save", new StreamConflictException(World.Order));
            await world.DeliverAsync(World.Message("m-1", World.Reserved));
        }
        Take("conflicts");

        await ShipAsync(new ShipmentDue(new World().Time.GetUtcNow()));
        Take("shipping-delays");
        await ShipAsync(new CarrierPickedUp("t-2"));
        Take("wrong-pick-ups");
        await ShipAsync(new OrderCancellationRequested("17850", "changed my mind"), new CarrierPickedUp("t-1"));
        Take("pick-ups-after-call-off");

        var broken = new World();
        broken.Fail("load", new InvalidOperationException("an unreadable stream"));
        var store = new Mock<IStreamStore>();
        store.Setup(streams => streams.PendingAsync(It.IsAny<DateTimeOffset>(), It.IsAny<int>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync([World.Order]);
        await Assert.ThrowsAnyAsync<Exception>(() => new Republisher(broken.Participant, store.Object, broken.Time).RunAsync(Cancellation));
        Take("upkeep-failures");
    }

    /// <summary>A parcel is booked, and then these come.</summary>
    static async Task ShipAsync(params PublicEvent[] then)
    {
        var store = new World();
        var shipping = new Participant(Participants.Shipping, Shipment.Decider,
            (call, _) => Task.FromResult<Answer>(call.Intent switch
            {
                FindParcel => new ParcelNotPickedUp(),
                CancelCarrier => new CarrierCancelled(),
                _ => new CarrierBooked("t-1", store.Time.GetUtcNow()),
            }),
            store, store, store.Options, store.Time);
        PublicEvent[] all = [new PaymentSucceeded("ch-1", World.Total, "17850", World.Home), .. then];
        foreach (var (number, message) in all.Index())
            await shipping.HandleAsync(World.Message($"m-{number}", message), Cancellation);
    }

    /// <summary>What is counted outside of turns: by the store, by the worker and by the API.</summary>
    async Task CallsAsync()
    {
        await using (var saga = new WireSaga(Impatient))
        {
            var refused = 0;
            saga.Cosmos.Faults = _ => refused++ < 11 ? new Fault(429) : null;
            await saga[Participants.Payments].Service<Participant>().LoadAsync("o-1", Cancellation);
        }
        Take("throttled");

        var definition = new Mock<FunctionDefinition>();
        definition.Setup(function => function.Name).Returns("payments-on-message");
        var context = new Mock<FunctionContext>();
        context.Setup(call => call.FunctionDefinition).Returns(definition.Object);
        for (var call = 0; call < 6; call++)
            await Assert.ThrowsAsync<InvalidOperationException>(() =>
                new FailedFunctions().Invoke(context.Object, _ => throw new InvalidOperationException("a bug")));
        Take("failed-executions");

        var request = new DefaultHttpContext { RequestServices = new ServiceCollection().AddLogging().BuildServiceProvider() };
        for (var call = 0; call < 21; call++)
            Refusals.Note(request, "carrier-event", StatusCodes.Status401Unauthorized, "It is not signed.");
        Take("refused-requests");
    }

    static async Task<WireSaga> StartedAsync()
    {
        var saga = new WireSaga(Impatient);
        await saga.ReceiveStockAsync(["A"], 10);
        await saga.StartAsync();
        return saga;
    }

    /// <summary>What the timer of Orders measures, when so much time has passed.</summary>
    static Task MeasureAsync(WireSaga saga, TimeSpan later) =>
        new Gauges(saga.Orders, new FakeTimeProvider(DateTimeOffset.UtcNow + later)).MeasureAsync(Cancellation);

    void Take(string name, params (string Table, JsonObject Row)[] made) => Take(name, after: null, made: made);

    /// <param name="after">When the alerts look; at once where nothing is said.</param>
    /// <param name="since">How long ago all was healthy; just now where nothing is said.</param>
    void Take(
        string name, string[]? fires = null, TimeSpan? after = null, TimeSpan since = default, params (string Table, JsonObject Row)[] made)
    {
        insights.Flush();
        var rows = new Rows();
        foreach (var (table, row) in healthy.SelectMany(table => table.Value.Select(row => (table.Key, Aged(row, since))))
            .Concat(insights.Endpoint.Take().SelectMany(table => table.Value.Select(row => (table.Key, row)))).Concat(made))
        {
            row["TimeGenerated"] ??= DateTimeOffset.UtcNow.ToString("O");
            if (!rows.TryGetValue(table, out var ofTable))
                rows[table] = ofTable = [];
            ofTable.Add(row);
        }
        captured.Add(new(name, rows, DateTimeOffset.UtcNow + (after ?? TimeSpan.FromSeconds(1)), fires ?? (name is "healthy" ? [] : [name])));
    }

    static JsonObject Aged(JsonObject row, TimeSpan by)
    {
        var aged = row.DeepClone().AsObject();
        aged["TimeGenerated"] = (DateTimeOffset.Parse((string)row["TimeGenerated"]!, null) - by).ToString("O");
        return aged;
    }
}
