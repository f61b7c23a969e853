using OrderFunctions.Benchmarks.Reporting;
using OrderFunctions.Benchmarks.Sides;
using OrderFunctions.Saga;

namespace OrderFunctions.Benchmarks.Scenarios;

/// <summary>What an order costs in Azure. Operations are counted, not timed.</summary>
static class Cost
{
    // What NServiceBus with Cosmos DB persistence does per message that a saga handles, according to its documentation: it reads the outbox
    // record and the saga, creates the record and updates the saga in one batch, marks the record as dispatched, and deletes it later.
    const int PeerReads = 2;
    const int PeerWrites = 4;

    public static async Task<Section> RunAsync(Bench bench)
    {
        bench.Tell("counting");
        var order = Workload.Completing(1)[0].Order;
        var happy = await CountedOrder.RunAsync(order, nameof(OrderCompleted));
        var declined = await CountedOrder.RunAsync(order with { CardToken = "tok_declined" }, nameof(OrderRejected));
        var late = order with { ShipTo = order.ShipTo with { PostalCode = "LATE" } };
        var cancelled = await CountedOrder.RunAsync(late, nameof(OrderCancelled), cancel: true);
        var twice = await CountedOrder.RunAsync(order, nameof(OrderCompleted), deliveredTwice: nameof(PaymentSucceeded)) - happy;

        var section = new Section(
            "Cost in Azure",
            "One order of three lines through the shipped kernel and the shipped Cosmos DB adapters over the real SDK, with a gateway in "
            + "memory below that counts the calls. RU are an estimate from the documents' sizes by Microsoft's published figures (a read of 1 "
            + "KB 1 RU, of 100 KB 10; a write 5 and 50; reads doubled by strong consistency). \"One redelivery\" is what comes on top when "
            + "`PaymentSucceeded` is delivered to Shipping twice. Stock is apart: a transactional batch is one operation and costs as much as "
            + "the writes in it.");
        var streams = new Grid(["streams", "turns", "reads", "writes", "RU", "operations a turn", "NServiceBus: reads", "NServiceBus: writes"]);
        var stock = new Grid(["stock", "reads", "batches", "RU"]);
        var bus = new Grid(["Service Bus", "messages sent", "sends", "sessions accepted", "received", "settled", "bytes of bodies"]);
        var republishing = new Grid(["republishing", "messages sent again", "reads and writes of streams"]);
        (string What, Counts Counts)[] all =
            [("happy path", happy), ("card declined", declined), ("cancelled when booked", cancelled), ("one redelivery", twice)];
        foreach (var (what, counts) in all)
        {
            streams.Add(
                what, $"{counts.Turns}", $"{counts.StreamReads}", $"{counts.StreamWrites}", Grid.Text(counts.StreamUnits),
                Grid.Text(counts.StreamOperationsPerTurn),
                counts == twice ? "–" : $"{PeerReads * counts.Turns}", counts == twice ? "–" : $"{PeerWrites * counts.Turns}");
            stock.Add(what, $"{counts.StockReads}", $"{counts.StockWrites}", Grid.Text(counts.StockUnits));
            bus.Add(what, $"{counts.Sent}", $"{counts.Batches}", $"{counts.Received}", $"{counts.Received}", $"{counts.Settled}", $"{counts.BodyBytes:N0}");
            republishing.Add(what, $"{counts.SentAgain}", $"{counts.OperationsAgain}");
        }
        section.Grids.AddRange([streams, stock, bus, republishing]);
        section.Remarks.Add(
            "The NServiceBus columns are its published pattern for a saga with outbox (2 reads, 1 create, 2 updates and a later delete a "
            + "message) for as many messages. A scheduled message is received like any other, after the promised time. A session is released "
            + "after each message, so that it is accepted once a message. \"Republishing\" is what the timers of all five apps do if an hour "
            + "passes after each stage of the order; besides, a run of an app's timer costs one query and one peek while nothing is pending "
            + "or parked.");
        section.Goals.Add(Goal.AtMost("Cosmos operations per handled message", 2, all.Max(one => one.Counts.StreamOperationsPerTurn), ""));
        return section;
    }
}
