using OrderFunctions.Benchmarks.Reporting;
using OrderFunctions.Benchmarks.Sides;

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
            + "against Wolverine 6.62 with its SQLite store (stateful sagas, durable local queues, inbox and outbox; its own default is "
            + "`NORMAL`, which a power cut may cost the last orders) and MassTransit 8.4 over RabbitMQ on the same machine (durable queues, "
            + "persistent messages, publisher confirms; its saga state is in memory, and the broker's processor time is not counted). The "
            + "peers' outside is in memory, which is in their favour: a crash would cost them its state.");
        bench.Tell("starting RabbitMQ");
        await using var broker = await RabbitMq.StartAsync();
        var ours = Bench.Side("ours", "ours-durable", orders);
        var measured = (await (broker is null
            ? bench.InTurnAsync(ours)
            : bench.InTurnAsync(
                ours, new Subject("MassTransit over RabbitMQ", Bench.Metadata("RabbitMqPeer"), $"{broker.Port}", $"{orders}") { IsPeer = true })))
            .ToList();
        if (broker is null)
        {
            section.Remarks.Add(
                "MassTransit skipped: there is no `rabbitmq-server`, and it could not be installed (as root: `apt-get install rabbitmq-server`).");
        }
        foreach (var mode in (string[])["FULL", "NORMAL"])
        {
            try
            {
                measured.AddRange(await bench.InTurnAsync(
                    new Subject($"Wolverine, {mode}", Bench.Metadata("WolverinePeer"), mode, $"{orders}") { IsPeer = true }));
            }
            catch (SideFailedException e)
            {
                section.Remarks.Add($"No figure of Wolverine, {mode}: {e.Message.Split(" | ")[0]}");
            }
        }
        section.Compare(measured[0], [.. measured.Skip(1)], 6, "orders/s durable against the best durable peer");
        section.Goals.Add(Goal.AtMost("processor time an order, durable", 400, measured[0][Throughput.Cpu].Median, " µs"));
        section.Goals.Add(Goal.AtMost("allocated an order", 45, measured[0][Throughput.Allocated].Median, " KB"));
        return section;
    }
}
