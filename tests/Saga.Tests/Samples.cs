namespace OrderFunctions.Saga.Tests;

/// <summary>One sample of each event, for all tests.</summary>
public static class Samples
{
    public static readonly Address Home = new("Ada Lovelace", "12 St James's Square", "London", "SW1Y 4JH", "GB");
    public static readonly Money Total = new(20.34m, "GBP");
    public static readonly DateTimeOffset Promised = new(2026, 11, 24, 17, 0, 0, TimeSpan.Zero);
    public static readonly OrderLine[] Lines = [new("85123A", "WHITE HANGING HEART T-LIGHT HOLDER", 6, 2.55m), new("71053", "WHITE METAL LANTERN", 1, 5.04m)];
    public static readonly OrderLine[] ServiceLines = [new("POST", "POSTAGE", 1, 0, NeedsStock: false)];
    public static readonly Address Abroad = new("Ada Lovelace", "1 Queen's Road", "Hong Kong", "", "HK", "Flat 12A", "Central");
    public static readonly StockLine[] StockLines = [new("85123A", 6), new("71053", 1)];

    public static readonly PlaceOrder Place = new("17850", "GBP", Lines, "tok_visa", Home, "main", "536365");
    public static readonly PlaceOrder PlaceServices = new("17850", "GBP", ServiceLines, "tok_visa", Abroad, "main");
    public static readonly CancelOrder Cancel = new("changed my mind");
    public static readonly OrderCreated Created = new("17850", Lines, Total, "tok_visa", Home, "main", "536365");
    public static readonly OrderCancellationRequested CancellationRequested = new("17850", "changed my mind");
    public static readonly ReserveStock Reserve = new("main", StockLines, "17850", Total, "tok_visa", Home);
    public static readonly InventoryReserved IsReserved = new("17850", Total, "tok_visa", Home);
    public static readonly InventoryReservationFailed IsOutOfStock = new("out of stock: 71053");
    public static readonly ChargeCard Charge = new(Total, "tok_visa", "17850", Home);
    public static readonly PaymentSucceeded IsPaid = new("ch-1", Total, "17850", Home);
    public static readonly PaymentFailed IsDeclined = new("card declined", "stolen_card");
    public static readonly CardCharged ChargedLess = new("ch-1", new(4, "GBP"));
    public static readonly BookCarrier Book = new("17850", Home);
    public static readonly ShipmentBooked IsBooked = new("tr-1", Promised);
    public static readonly ShipmentDue Due = new(Promised);
    public static readonly ShipmentDue DueAgain = new(Promised.AddMinutes(15), 1);
    public static readonly FindParcel AskForParcel = new("tr-1", Promised);
    public static readonly PickedUpAfterCallOff IsGone = new("tr-1");
    public static readonly OrderShipped IsShipped = new("tr-1");
    public static readonly ShippingFailed CannotShip = new("carrier refused", "no route");
    public static readonly ShippingDelayed IsDelayed = new("17850", "tr-1", Promised);
    public static readonly CancellationRefused IsTooLate = new("17850", "the carrier has picked it up already");

    /// <summary>Inputs of which there is another sample: an order that needs no stock and costs nothing.</summary>
    public static readonly OrderEvent[] Variants =
    [
        new OrderCreated("17850", ServiceLines, new(0, "GBP"), "tok_visa", Abroad, "main"),
        new InventoryReserved("17850", new(0, "GBP"), "tok_visa", Abroad),
        DueAgain,
    ];

    /// <summary>Every input that comes from outside a turn.</summary>
    public static readonly OrderEvent[] Inputs =
    [
        Place, Cancel, Created, CancellationRequested,
        IsReserved, IsOutOfStock, new RestockInventory("carrier refused"), new InventoryRestocked("carrier refused"),
        IsPaid, IsDeclined, new RefundPayment("carrier refused"), new PaymentRefunded("re-1", Total),
        IsBooked, Due, new CarrierPickedUp("tr-1"), IsShipped, CannotShip, IsDelayed, IsTooLate, IsGone,
        new OrderCompleted("17850", "tr-1"), new OrderRejected("17850", FailedStep.Stock, "out of stock: 71053"), new OrderCancelled("17850", "changed my mind"),
        .. Variants,
    ];

    /// <summary>What the outside may answer to an intent.</summary>
    public static Answer[] AnswersTo(Intent intent) => intent switch
    {
        ReserveStock => [new StockReserved(), new StockShort(["71053"])],
        ReleaseStock => [new StockReleased()],
        ConsumeStock => [new StockConsumed()],
        ChargeCard => [new CardCharged("ch-1", Total), ChargedLess, new CardDeclined("card declined", "stolen_card"), new ChargeReturned()],
        FindCharge => [new NothingCharged(), new CardCharged("ch-1", Total), new CardDeclined("card declined", "stolen_card"), new ChargeReturned()],
        RefundCard => [new CardRefunded("re-1")],
        BookCarrier => [new CarrierBooked("tr-1", Promised), new CarrierRefused("carrier refused", "no route")],
        FindBooking => [new NothingBooked(), new CarrierBooked("tr-1", Promised), new CarrierRefused("carrier refused", "no route")],
        FindParcel => [new ParcelNotPickedUp(), new ParcelPickedUp()],
        CancelCarrier => [new CarrierCancelled(), new CarrierTooLate()],
        Notify => [new Notified()],
        _ => throw new ArgumentOutOfRangeException(nameof(intent), intent, "No answer is known."),
    };

    /// <summary>Every event that is recorded or published, for its wire form.</summary>
    public static readonly OrderEvent[] Recordable =
    [
        .. Inputs.Except(Variants).Where(input => input is not Request),
        new ReservationNoted(), new ChargeNoted(Total), new BookingNoted("tr-1", Promised), new DelayNoted(),
        new FailureNoted(FailedStep.Payment, "card declined", "stolen_card"), new RefundNoted(Total), new RestockNoted("card declined"), new RefusedCancellationNoted("the carrier has picked it up already"), new PickUpNoted("tr-1"),
        Reserve, new ReleaseStock("main", "carrier refused"), new ConsumeStock("main"),
        Charge, new FindCharge("changed my mind"), new RefundCard("ch-1", Total, "carrier refused"), new PaymentVoided("changed my mind"),
        Book, new FindBooking("17850", "changed my mind"), new CancelCarrier("tr-1", "17850", "changed my mind", Promised), AskForParcel with { Asked = 1 }, new ShipmentCalledOff("changed my mind"), new EarlyPickUpNoted("tr-1"), new WrongPickUpNoted("tr-2"),
        new Notify("OrderCompleted", "17850", "Your order is on its way: tr-1."),
        new OrderParked("payments", 3, "o-1/inventory/2", "Transient", "The card provider answered 503.", new(10, Promised, 503)), new OrderResumed("payments", 5),
        new ReplayRequested("payments"), new DiscardRequested("payments", "o-1/inventory/2", "ada", "a test order"),
        new MessageDiscarded("o-1/inventory/2", "ada", "a test order"),
        new SettleRequested("payments", "o-1/shipping/4", "17850", "changed my mind", "ada", "refunded by bank transfer", Known: 3),
        new StepSettled("o-1/shipping/4", "ada", "refunded by bank transfer"),
        new SettlementRefused("payments", "o-1/shipping/4", "There is nothing left to undo."),
        new SettlementRefusalNoted("payments", "o-1/shipping/4", "There is nothing left to undo."),
        new ParkingNoted("payments", 3, "o-1/inventory/2", "Transient", "The card provider answered 503.", new(10, Promised, 503)), new ResumptionNoted("payments", 5),
    ];
}
