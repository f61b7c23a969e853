using OrderFunctions.Local;
using OrderFunctions.Local.Storage;

namespace OrderFunctions.Benchmarks.Sides;

/// <summary>What one child process measures.</summary>
/// <param name="Folder">For its files; deleted afterwards.</param>
/// <param name="File">The file to read or write; null if the files are not needed afterwards.</param>
sealed record SideOptions(int Orders, string Folder, string? File)
{
    public string Data => File ?? Path.Combine(Folder, "saga.db");
}

/// <summary>The measurements of one system at a time, made by this program when it has started itself as a child process.</summary>
static class Side
{
    public static readonly IReadOnlyDictionary<string, Func<SideOptions, Task<Dictionary<string, double>>>> All =
        new Dictionary<string, Func<SideOptions, Task<Dictionary<string, double>>>>
        {
            ["ours-memory"] = async side => await MeasureAsync(await OurSaga.StartAsync(Database.InMemory), side),
            ["ours-memory-http"] = async side => await MeasureAsync(await OursOverHttpAsync(Database.InMemory), side),
            ["ours-durable"] = async side => await MeasureAsync(await OurSaga.StartAsync(side.Data), side),
            ["peer-memory"] = async side => await MeasureAsync(await MemoryPeer.StartAsync(), side),
            ["peer-memory-http"] = async side =>
            {
                var peer = await MemoryPeer.StartAsync();
                return await MeasureAsync(new HttpClients(peer, peer.Address), side);
            },
            ["fill"] = side => StoredOrders.FillAsync(side.Folder, side.Data, side.Orders),
            ["start"] = side => FirstOrder.MeasureAsync(side.Data),
            ["flash-sale"] = side => Contention.FlashSaleAsync(side.Data, side.Orders),
            ["as-they-come"] = side => Contention.AsTheyComeAsync(Path.Combine(side.Folder, "saga.db"), side.File!),
            ["kernel"] = side => Task.FromResult(KernelBenchmarks.Measure(side.Folder)),
            ["sqlite"] = side => RawSqlite.MeasureAsync(side.Folder, side.Orders),
        };

    static async Task<Dictionary<string, double>> MeasureAsync(IContender contender, SideOptions side)
    {
        await using (contender)
            return await Throughput.MeasureAsync(contender, side.Orders);
    }

    static async Task<HttpClients> OursOverHttpAsync(string data)
    {
        var host = await LocalHost.StartAsync(data, port: 0);
        return new(await OurSaga.OfAsync(host), host.Address);
    }
}
