using OrderFunctions.Saga;

namespace OrderFunctions.Benchmarks.Sides;

/// <summary>
/// Orders of three lines, the same for the same seed, but always under new ids. Most complete; some end in each of the three failures. None
/// is cancelled, because the result of a cancellation depends on timing and all sides must do the same work.
/// </summary>
static class Workload
{
    public const string Warehouse = "main";
    const string NeverReceived = "sku-none";
    const int SkuCount = 1_000;

    public static IReadOnlyList<string> HotSkus { get; } = ["hot-1", "hot-2", "hot-3"];

    public static IReadOnlyList<string> Skus { get; } = [.. Enumerable.Range(0, SkuCount).Select(number => $"sku-{number:0000}")];

    public static IReadOnlyList<(Guid Id, PlaceOrder Order)> Orders(int count, int seed)
    {
        var random = new Random(seed);
        var orders = new List<(Guid, PlaceOrder)>(count);
        for (var number = 0; number < count; number++)
            orders.Add((Guid.NewGuid(), Order(random)));
        return orders;
    }

    /// <summary>All orders want the same three SKUs.</summary>
    public static IReadOnlyList<(Guid Id, PlaceOrder Order)> FlashSale(int count)
    {
        var lines = HotSkus.Select(sku => new OrderLine(sku, $"FLASH SALE {sku}", 1, 9.99m)).ToList();
        return [.. Completing(count).Select(order => (order.Id, order.Order with { Lines = lines }))];
    }

    /// <summary>Only orders that complete while there is stock.</summary>
    public static IReadOnlyList<(Guid Id, PlaceOrder Order)> Completing(int count)
    {
        var random = new Random(4);
        return
        [
            .. Enumerable.Range(0, count).Select(_ => (Guid.NewGuid(), Order(random) with
            {
                CardToken = "tok_visa",
                ShipTo = new("A Customer", "1 High Street", "London", "E14 7AA", "GB"),
                Lines = [Line(random), Line(random), Line(random)],
            })),
        ];
    }

    static PlaceOrder Order(Random random)
    {
        var customer = random.Next(10_000);
        var fate = random.Next(100);
        return new(
            $"customer-{customer}",
            "GBP",
            [Line(random, fate is 0 or 1 ? NeverReceived : null), Line(random), Line(random)],
            fate is >= 2 and <= 6 ? "tok_declined" : "tok_visa",
            new(
                $"Customer {customer}", $"{random.Next(1, 200)} High Street", "London",
                fate is 7 or 8 ? "REFUSE" : $"E{random.Next(1, 20)} 7AA", "GB"),
            Warehouse);
    }

    static OrderLine Line(Random random, string? sku = null)
    {
        sku ??= Skus[random.Next(SkuCount)];
        return new(sku, $"WHITE HANGING HEART LIGHT HOLDER {sku}", random.Next(1, 10), random.Next(50, 2_000) / 100m);
    }
}
