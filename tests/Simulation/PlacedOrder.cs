using System.Globalization;
using OrderFunctions.Saga;

namespace OrderFunctions.Simulation;

/// <summary>One order, and the customer who places it and may change their mind.</summary>
sealed class PlacedOrder
{
    public static readonly string[] Currencies = ["EUR", "JPY", "KWD"];

    readonly World world;
    int cancellations;

    public PlacedOrder(World world, string id, PlaceOrder request)
    {
        (this.world, Id) = (world, id);
        Total = new(TotalOf(request.Lines, request.Currency switch { "EUR" => 100, "JPY" => 1, _ => 1_000 }), request.Currency);
        NeedsStock = request.Lines.Any(line => line.NeedsStock);
        world.Requested(id);
        world.Scheduler.After(world.Chance.Below(world.Chance.OfAnyScale(world.Horizon)), () =>
        {
            world.Answered(id);
            _ = new HttpRequest(world, World.Customer, Participants.Orders, id, "place/" + id, request, Placed);
        });
    }

    public string Id { get; }

    /// <summary>What the customer reckons it to cost.</summary>
    public Money Total { get; }

    public bool NeedsStock { get; }

    /// <summary>The customer got the answer that says so.</summary>
    public bool IsPlaced { get; private set; }

    /// <summary>In whole numbers, so that it does not round as the rules do.</summary>
    static decimal TotalOf(IEnumerable<OrderLine> lines, long unitsEach)
    {
        var units = lines.GroupBy(line => (line.Sku, line.UnitPrice))
            .Select(same => same.Sum(line => line.Quantity) * (long)(same.Key.UnitPrice * 10_000))
            .Sum(tenThousandths => ((tenThousandths * unitsEach) + 5_000) / 10_000);
        return (decimal)units / unitsEach;
    }

    void Placed()
    {
        IsPlaced = true;
        if (world.Chance.OneIn(world.HasHastyCustomers ? 4 : 2))
            return;
        var thought = world.Chance.OfAnyScale(world.HasHastyCustomers ? TimeSpan.FromMinutes(1) : TimeSpan.FromDays(1));
        CancelAfter(thought);
        if (world.Chance.OneIn(3))
            CancelAfter(thought + world.Chance.OfAnyScale(TimeSpan.FromMinutes(1)));
    }

    void CancelAfter(TimeSpan delay)
    {
        world.Requested(Id);
        world.Scheduler.After(delay, () =>
        {
            world.Answered(Id);
            Cancel(World.Customer);
        });
    }

    public void Cancel(string who) => _ = new HttpRequest(
        world, who, Participants.Orders, Id, $"cancel/{(++cancellations).ToString(CultureInfo.InvariantCulture)}", new CancelOrder("changed my mind"));
}
