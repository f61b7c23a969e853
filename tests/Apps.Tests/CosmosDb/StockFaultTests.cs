using System.Text.Json;
using OrderFunctions.CosmosDb.Gateway;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.CosmosDb;

/// <summary>
/// Reservations with a fault at each of their calls, with zombie callers and with many concurrent callers. After every call the SKUs and
/// the reservations are compared: both must show the same reserved and consumed quantities.
/// </summary>
public sealed class StockFaultTests
{
    const string Main = "main";

    /// <summary>Makes three chunks, the last of which has two lines.</summary>
    const int Large = 200;

    static IEnumerable<Fault> Faults(int lines) =>
        lines == Large ? [Fault.LostBefore, Fault.LostAfter, new(409), new(412), new(503, IsApplied: true)] : Fault.OfWrites;

    readonly CosmosGateway gateway = new();
    readonly CosmosStock stock;

    public StockFaultTests() => stock = Host();

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    CosmosStock Host() => new(gateway.Client().GetContainer(CosmosGateway.Database, CosmosContainers.Stock), new NoWaiting());

    [Theory]
    [InlineData(3)]
    [InlineData(Large)]
    public async Task A_reservation_ends_the_same_whatever_fails_at_any_one_call(int lines)
    {
        foreach (var fault in Faults(lines))
        {
            for (var number = 1; number <= Chunks(lines) * 2 + 1; number++)
            {
                var test = With(lines, received: 5);
                test.FailAt(number, fault);
                Assert.IsType<StockReserved>(await Insist(() => test.ReserveAsync("o-1", lines)));
                await Insist(() => test.stock.ReleaseAsync("o-1", Main, Cancellation));
                test.AssertBooks(lines, available: 5, reserved: 0, consumed: 0);
            }
        }
    }

    /// <summary>Between the batch that fails and the question what is short.</summary>
    [Fact]
    public async Task A_refusal_names_a_SKU_even_if_goods_came_in_since()
    {
        var test = With(1, received: 1);
        var hasCome = false;
        test.gateway.Before = async (call, _) =>
        {
            if (call.Operation is "batch" || hasCome)
                return;
            hasCome = true;
            await test.stock.SetReceivedAsync(Main, Sku(1), 100, Cancellation);
        };
        var refused = Assert.IsType<StockShort>(await test.ReserveAsync("o-1", 1));
        Assert.True(hasCome);
        Assert.Equal([Sku(1)], refused.Skus);
    }

    /// <summary>Between the look at the level and its change.</summary>
    [Fact]
    public async Task Goods_that_come_in_leave_what_is_reserved_meanwhile()
    {
        var test = With(1, received: 5);
        var isReserved = false;
        test.gateway.Before = async (call, _) =>
        {
            if (call.Operation is not "patch" || isReserved)
                return;
            isReserved = true;
            await test.ReserveAsync("o-1", 1);
        };
        await test.stock.SetReceivedAsync(Main, Sku(1), 50, Cancellation);
        Assert.True(isReserved);
        test.AssertBooks(1, available: 48, reserved: 2, consumed: 0);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(Large)]
    public async Task A_reservation_is_consumed_once_whatever_fails_at_any_one_call(int lines)
    {
        foreach (var fault in Faults(lines))
        {
            for (var number = 1; number <= Chunks(lines) + 1; number++)
            {
                var test = With(lines, received: 5);
                await test.ReserveAsync("o-1", lines);
                test.FailAt(number, fault);
                await Insist(() => test.stock.ConsumeAsync("o-1", Main, Cancellation));
                test.AssertBooks(lines, available: 3, reserved: 0, consumed: 2);
            }
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(Large)]
    public async Task A_refused_reservation_is_put_back_whatever_fails_at_any_one_call(int lines)
    {
        foreach (var fault in Faults(lines))
        {
            for (var number = 1; number <= Chunks(lines) * 2 + 2; number++)
            {
                var test = With(lines, received: 5);
                await test.stock.SetReceivedAsync(Main, Sku(lines), 1, Cancellation);
                test.FailAt(number, fault);
                var refused = Assert.IsType<StockShort>(await Insist(() => test.ReserveAsync("o-1", lines)));
                Assert.Equal([Sku(lines)], refused.Skus);
                test.AssertBooks(lines - 1, available: 5, reserved: 0, consumed: 0);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_late_batch_moves_nothing_after_others_have_finished(bool isConsumed)
    {
        for (var late = 1; late <= Chunks(Large); late++)
        {
            var test = With(Large, received: 5);
            var (zombie, go) = await test.HeldUpAsync(late, () => test.ReserveAsync("o-1", Large));
            Assert.IsType<StockReserved>(await test.ReserveAsync("o-1", Large));
            await test.EndAsync(isConsumed);
            go();

            Assert.IsType<StockReserved>(await zombie);
            test.AssertBooks(Large, available: isConsumed ? 3 : 5, reserved: 0, consumed: isConsumed ? 2 : 0);
        }
    }

    [Fact]
    public async Task A_late_batch_moves_nothing_while_another_caller_does_the_same()
    {
        for (var late = 1; late <= Chunks(Large); late++)
        {
            var test = With(Large, received: 5);
            var (zombie, go) = await test.HeldUpAsync(late, () => test.ReserveAsync("o-1", Large));
            await test.DieAtAsync(held: late, () => test.ReserveAsync("o-1", Large));
            go();
            Assert.IsType<StockReserved>(await zombie);
            test.AssertBooks(Large, available: 3, reserved: 2, consumed: 0);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_late_release_or_consumption_moves_nothing_while_another_caller_does_the_same(bool isConsumed)
    {
        for (var late = 1; late <= Chunks(Large); late++)
        {
            var test = With(Large, received: 5);
            await test.ReserveAsync("o-1", Large);

            // The first call only reads.
            var (zombie, go) = await test.HeldUpAsync(late + 1, () => test.EndAsync(isConsumed));
            await test.DieAtAsync(held: Chunks(Large) - late, () => test.EndAsync(isConsumed));
            go();
            await zombie;
            test.AssertBooks(Large, available: isConsumed ? 3 : 5, reserved: 0, consumed: isConsumed ? 2 : 0);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_late_reservation_moves_nothing_while_it_is_being_released_or_consumed(bool isConsumed)
    {
        for (var held = 1; held < Chunks(Large); held++)
        {
            var test = With(Large, received: 5);
            var (zombie, go) = await test.HeldUpAsync(held + 1, () => test.ReserveAsync("o-1", Large));
            await test.ReserveAsync("o-1", Large);
            await test.DieAtAsync(held, () => test.EndAsync(isConsumed));
            go();
            Assert.IsType<StockReserved>(await zombie);
            await test.EndAsync(isConsumed);
            test.AssertBooks(Large, available: isConsumed ? 3 : 5, reserved: 0, consumed: isConsumed ? 2 : 0);
        }
    }

    [Fact]
    public async Task What_is_released_before_or_during_its_reservation_stays_available()
    {
        for (var late = 1; late <= Chunks(Large); late++)
        {
            var test = With(Large, received: 5);
            var (zombie, go) = await test.HeldUpAsync(late, () => test.ReserveAsync("o-1", Large));
            await test.EndAsync(isConsumed: false);
            go();

            Assert.IsType<StockShort>(await zombie);
            Assert.IsType<StockShort>(await test.ReserveAsync("o-1", Large));
            test.AssertBooks(Large, available: 5, reserved: 0, consumed: 0);
        }
    }

    [Fact]
    public async Task Consuming_what_was_never_reserved_is_an_error()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => stock.ConsumeAsync("nobody", Main, Cancellation));
    }

    [Fact]
    public async Task The_books_agree_after_every_call_under_concurrent_callers_and_faults()
    {
        const int Skus = 120;
        for (var seed = 0; seed < 3; seed++)
        {
            var random = new Random(seed);
            var gate = new Lock();
            var test = With(Skus, received: 11);
            test.gateway.Faults = call =>
            {
                lock (gate)
                    return random.NextDouble() < 0.15 ? Among(call)[random.Next(Among(call).Count)] : null;
            };
            // Eight orders of 2 pieces each compete for 11 pieces, with two callers per order. Some are released, some consumed.
            await Task.WhenAll(Enumerable.Range(0, 16).Select(caller => Task.Run(async () =>
            {
                var order = $"o-{caller / 2}";
                var answer = await Insist(() => test.ReserveAsync(order, Skus));
                if (answer is StockReserved && caller / 2 % 3 == 0)
                    await Insist(() => test.stock.ReleaseAsync(order, Main, Cancellation));
                if (answer is StockReserved && caller / 2 % 3 == 1)
                    await Insist(() => test.stock.ConsumeAsync(order, Main, Cancellation));
            }, Cancellation)));
            test.gateway.Faults = _ => null;
            test.AssertBooks();
            Assert.All(test.Reservations(), r => Assert.True(r.State is ReservationState.Reserved || r.Held == 0, $"{r.OrderId} {r.State}"));
        }
    }

    [Fact]
    public async Task An_order_takes_one_call_to_reserve_and_two_to_release()
    {
        var test = With(99, received: 5);
        var before = test.gateway.Calls.Count;
        await test.ReserveAsync("o-1", 99);
        Assert.Equal(["batch"], test.gateway.Calls.Skip(before).Select(call => call.Operation));
        await test.stock.ReleaseAsync("o-1", Main, Cancellation);
        Assert.Equal(["batch", "read", "batch"], test.gateway.Calls.Skip(before).Select(call => call.Operation));
    }

    static int Chunks(int lines) => (lines + ReservationDocument.LinesPerChunk - 1) / ReservationDocument.LinesPerChunk;

    static string Sku(int number) => $"sku/{number}";

    static StockFaultTests With(int skus, long received)
    {
        var test = new StockFaultTests();
        for (var number = 1; number <= skus; number++)
            test.Receive(number, received);
        test.gateway.After = test.AssertBooks;
        return test;
    }

    void Receive(int number, long received) => gateway.Put(
        CosmosContainers.Stock,
        JsonSerializer.SerializeToNode(
            new StockDocument(StockDocument.IdOf(Sku(number)), Main, Sku(number), received, received, 0, 0),
            StockJson.Default.StockDocument)!.AsObject());

    void FailAt(int number, Fault fault)
    {
        var first = gateway.Calls.Count;

        gateway.Faults = call => call.Number == first + number && Among(call).Contains(fault) ? fault : null;
    }

    static IReadOnlyList<Fault> Among(GatewayCall call) => call.Operation is "read" or "query" ? Fault.OfReadsAtOnce : Fault.OfWrites;

    Task<Answer> ReserveAsync(string orderId, int lines) =>
        stock.ReserveAsync(orderId, Main, [.. Enumerable.Range(1, lines).Select(number => new StockLine(Sku(number), 2))], Cancellation);

    Task EndAsync(bool isConsumed) => isConsumed ? stock.ConsumeAsync("o-1", Main, Cancellation) : stock.ReleaseAsync("o-1", Main, Cancellation);

    /// <summary>Starts a task and blocks its call with the given number until the test releases it.</summary>
    async Task<(T Zombie, Action Go)> HeldUpAsync<T>(int number, Func<T> start) where T : Task
    {
        var (arrived, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        var held = gateway.Calls.Count + number;
        gateway.Before = async (call, _) =>
        {
            if (call.Number != held)
                return;
            arrived.SetResult();
            await go.Task;
        };
        var zombie = start();
        await arrived.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancellation);
        return (zombie, go.SetResult);
    }

    /// <summary>Makes the call fail as soon as the reservation holds that many chunks.</summary>
    async Task DieAtAsync(int held, Func<Task> call)
    {
        gateway.Faults = call => call.Operation == "batch" && Reservations().Any(reservation => reservation.Held == held) ? Fault.LostBefore : null;
        var death = await Record.ExceptionAsync(call);
        Assert.True(death is null or TransientException, death?.ToString());
        gateway.Faults = _ => null;
        Assert.Equal(held, Assert.Single(Reservations()).Held);
    }

    /// <summary>Repeats the call while its outcome is unknown, as a turn does.</summary>
    static async Task<T> Insist<T>(Func<Task<T>> call)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await call();
            }
            catch (TransientException) when (attempt < 200)
            {
                // The outcome is unknown, so try again.
            }
        }
    }

    List<ReservationDocument> Reservations() =>
        [.. Documents("res:").Select(document => document.Deserialize(StockJson.Default.ReservationDocument)!)];

    IEnumerable<JsonElement> Documents(string prefix) => gateway.Documents(CosmosContainers.Stock)
        .Where(document => document["id"]!.GetValue<string>().StartsWith(prefix, StringComparison.Ordinal))
        .Select(document => JsonSerializer.SerializeToElement(document));

    void AssertBooks()
    {
        var documents = gateway.Documents(CosmosContainers.Stock);
        var (reserved, consumed) = (new Dictionary<string, long>(), new Dictionary<string, long>());
        foreach (var document in documents.Where(document => document.ContainsKey("state")))
        {
            var reservation = document.Deserialize(StockJson.Default.ReservationDocument)!;
            for (var chunk = 0; chunk < reservation.Chunks; chunk++)
            {
                var book = chunk < reservation.Held ? reserved : reservation.State is ReservationState.Consumed ? consumed : null;
                foreach (var line in book is null ? [] : reservation.Chunk(chunk))
                    book![line.Sku] = book.GetValueOrDefault(line.Sku) + line.Quantity;
            }
        }
        foreach (var document in documents.Where(document => document.ContainsKey("sku")))
        {
            var sku = document.Deserialize(StockJson.Default.StockDocument)!;
            Assert.True(sku.Available >= 0 && sku.Available + sku.Reserved + sku.Consumed == sku.Received, $"{sku}");
            Assert.Equal((reserved.GetValueOrDefault(sku.Sku), consumed.GetValueOrDefault(sku.Sku)), (sku.Reserved, sku.Consumed));
        }
    }

    void AssertBooks(int skus, long available, long reserved, long consumed)
    {
        AssertBooks();
        var levels = Documents("sku:")
            .Select(document => document.Deserialize(StockJson.Default.StockDocument)!)
            .ToDictionary(document => document.Sku);
        for (var number = 1; number <= skus; number++)
        {
            var level = levels[Sku(number)];
            Assert.Equal((available, reserved, consumed), (level.Available, level.Reserved, level.Consumed));
        }
    }
}
