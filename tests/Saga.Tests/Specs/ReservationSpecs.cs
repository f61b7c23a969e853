using OrderFunctions.Saga.Inventory;
using static OrderFunctions.Saga.Tests.Samples;

namespace OrderFunctions.Saga.Tests.Specs;

public class ReservationSpecs
{
    static Spec Given(params OrderEvent[] events) => new(Reservation.Decider, events);

    [Fact]
    public void An_order_is_reserved_as_a_whole() =>
        Given().When(Created).ThenAsks(Reserve).Answered(new StockReserved()).Then(IsReserved);

    [Fact]
    public void A_SKU_on_two_lines_is_reserved_once_with_both_quantities() =>
        Given()
            .When(Created with { Lines = [new("A", "", 2, 1m), new("B", "", 1, 1m), new("A", "", 3, 0.9m), new("a", "", 1, 1m)] })
            .ThenAsks(Reserve with { Lines = [new("A", 5), new("B", 1), new("a", 1)] })
            .Answered(new StockReserved())
            .Then(IsReserved);

    [Fact]
    public void Lines_that_need_no_stock_are_not_reserved() =>
        Given()
            .When(Created with { Lines = [new("A", "", 2, 1m), new("POST", "", 1, 5m, NeedsStock: false), new("A", "", 1, 0m, NeedsStock: false)] })
            .ThenAsks(Reserve with { Lines = [new("A", 2)] })
            .Answered(new StockReserved())
            .Then(IsReserved);

    static readonly OrderCreated Services = Created with { Lines = ServiceLines };

    [Fact]
    public void An_order_that_needs_no_stock_is_reserved_without_asking_the_warehouse() => Given().When(Services).Then(IsReserved);

    [Fact]
    public void An_order_that_needs_no_stock_has_nothing_to_release() =>
        Given(IsReserved).When(new RestockInventory("changed my mind")).Then(new InventoryRestocked("changed my mind"));

    [Fact]
    public void An_order_that_needs_no_stock_is_restocked_once() =>
        Given(IsReserved, new InventoryRestocked("a")).When(new RestockInventory("b")).ThenNothingHappens();

    [Fact]
    public void An_order_that_needs_no_stock_takes_nothing_off_the_shelf() => Given(IsReserved).When(IsShipped).ThenNothingHappens();

    [Fact]
    public void An_order_that_needs_no_stock_and_arrives_after_restocking_releases_nothing() =>
        Given(new InventoryRestocked("changed my mind")).When(Services).ThenNothingHappens();

    [Fact]
    public void Missing_stock_fails_the_order_and_names_the_SKUs() =>
        Given().When(Created).ThenAsks(Reserve).Answered(new StockShort(["71053"])).Then(IsOutOfStock);

    [Fact]
    public void The_reason_names_only_the_first_few_missing_SKUs() =>
        Given().When(Created).ThenAsks(Reserve).Answered(new StockShort(["A", "B", "C", "D", "E", "F", "G"]))
            .Then(new InventoryReservationFailed("out of stock: A, B, C, D, E and 2 more"));

    [Fact]
    public void Reserved_stock_is_released_on_request() =>
        Given(Reserve, IsReserved)
            .When(new RestockInventory("carrier refused"))
            .ThenAsks(new ReleaseStock("main", "carrier refused"))
            .Answered(new StockReleased())
            .Then(new InventoryRestocked("carrier refused"));

    [Fact]
    public void The_first_request_to_restock_is_answered_even_if_stock_was_missing() =>
        Given(Reserve, IsOutOfStock).When(new RestockInventory("changed my mind")).Then(new InventoryRestocked("changed my mind"));

    [Fact]
    public void The_first_request_to_restock_is_answered_even_if_nothing_was_reserved() =>
        Given().When(new RestockInventory("changed my mind")).Then(new InventoryRestocked("changed my mind"));

    [Fact]
    public void A_second_request_to_restock_is_not_answered() =>
        Given(Reserve, IsReserved, new ReleaseStock("main", "a"), new InventoryRestocked("a")).When(new RestockInventory("b")).ThenNothingHappens();

    [Fact]
    public void An_order_that_arrives_after_restocking_reserves_nothing_and_releases_what_an_unrecorded_attempt_reserved() =>
        Given(new InventoryRestocked("changed my mind"))
            .When(Created).ThenAsks(new ReleaseStock("main", "changed my mind")).Answered(new StockReleased()).ThenNothingHappens();

    [Fact]
    public void A_shipped_order_takes_its_stock_off_the_shelf() =>
        Given(Reserve, IsReserved).When(IsShipped).ThenAsks(new ConsumeStock("main")).Answered(new StockConsumed()).ThenNothingHappens();
}
