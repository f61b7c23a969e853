using OrderFunctions.Benchmarks.Reporting;

namespace OrderFunctions.Benchmarks.Scenarios;

/// <summary>Both sides are durable: an accepted message survives a crash.</summary>
static class Durable
{
    const int OrdersByDefault = 10_000;

    public static async Task<Section> RunAsync(Bench bench)
    {
        var orders = bench.Options.Orders ?? OrdersByDefault;
        var section = new Section(
            "Durable",
            $"{orders:N0} orders of three lines, placed to final: the local host with a file (`synchronous=FULL`, an fsync at each commit) "
            + "against MassTransit 8.5 over RabbitMQ on the same machine: durable queues, persistent messages, publisher confirms. The peer's "
            + "saga state and its services' state are in memory all the same, which is in its favour: a crash would cost it those.");
        bench.Tell("starting RabbitMQ");
        await using var broker = await RabbitMq.StartAsync();
        if (broker is null)
        {
            section.Remarks.Add(
                "Skipped: there is no `rabbitmq-server`, and it could not be installed (as root: `apt-get install rabbitmq-server`).");
            return section;
        }
        var measured = await bench.InTurnAsync(
            Bench.Side("ours", "ours-durable", orders),
            new Subject("MassTransit over RabbitMQ", Bench.Metadata("RabbitMqPeer"), $"{broker.Port}", $"{orders}"));
        section.Compare(measured[0], measured[1], 5, "orders/s durable against MassTransit over RabbitMQ");
        return section;
    }
}
