using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Contracts;

/// <summary>What Inventory requires of a stock.</summary>
public abstract class StockContract
{
    /// <summary>Returns a stock that has received nothing.</summary>
    protected abstract ValueTask<IStock> StockAsync();

    protected const string Main = "main";
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_received_is_available()
    {
        var stock = await WithAsync(("mug", 10));
        Assert.Equal(new StockLevel("mug", Main, 10, 10, 0, 0), await stock.LevelAsync(Main, "mug", Cancellation));
    }

    [Fact]
    public async Task An_unknown_SKU_has_no_level()
    {
        var stock = await WithAsync(("mug", 10));
        Assert.Null(await stock.LevelAsync(Main, "cup", Cancellation));
        Assert.Null(await stock.LevelAsync("other", "mug", Cancellation));
    }

    [Fact]
    public async Task A_reservation_takes_every_line_off_what_is_available()
    {
        var stock = await WithAsync(("mug", 10), ("cup", 5));
        Assert.IsType<StockReserved>(await ReserveAsync(stock, "o-1", ("mug", 3), ("cup", 5)));
        await AssertLevelAsync(stock, "mug", available: 7, reserved: 3, consumed: 0);
        await AssertLevelAsync(stock, "cup", available: 0, reserved: 5, consumed: 0);
    }

    [Fact]
    public async Task A_reservation_is_all_or_nothing_and_names_every_SKU_that_is_short()
    {
        var stock = await WithAsync(("mug", 10), ("cup", 5), ("jug", 0));
        var refused = Assert.IsType<StockShort>(await ReserveAsync(stock, "o-1", ("mug", 10), ("cup", 6), ("pot", 1), ("jug", 1)));
        Assert.Equal(["cup", "jug", "pot"], refused.Skus.Order(StringComparer.Ordinal));
        await AssertLevelAsync(stock, "mug", available: 10, reserved: 0, consumed: 0);
        await AssertLevelAsync(stock, "cup", available: 5, reserved: 0, consumed: 0);
    }

    [Fact]
    public async Task Asking_for_a_reservation_again_gives_the_same_answer_and_takes_nothing_more()
    {
        var stock = await WithAsync(("mug", 10));
        for (var time = 0; time < 3; time++)
            Assert.IsType<StockReserved>(await ReserveAsync(stock, "o-1", ("mug", 6)));
        await AssertLevelAsync(stock, "mug", available: 4, reserved: 6, consumed: 0);
    }

    [Fact]
    public async Task A_refusal_is_remembered_even_when_there_is_enough_by_then()
    {
        var stock = await WithAsync(("mug", 1));
        Assert.IsType<StockShort>(await ReserveAsync(stock, "o-1", ("mug", 2), ("cup", 1)));
        await ReceiveAsync(stock, "mug", 100);
        await ReceiveAsync(stock, "cup", 100);

        var again = Assert.IsType<StockShort>(await ReserveAsync(stock, "o-1", ("mug", 2), ("cup", 1)));

        Assert.Equal(["cup", "mug"], again.Skus.Order(StringComparer.Ordinal));
        await AssertLevelAsync(stock, "mug", available: 100, reserved: 0, consumed: 0);
    }

    [Fact]
    public async Task A_reservation_that_was_released_or_consumed_is_not_made_again()
    {
        var stock = await WithAsync(("mug", 10));
        await ReserveAsync(stock, "o-1", ("mug", 4));
        await stock.ReleaseAsync("o-1", Main, Cancellation);
        await ReserveAsync(stock, "o-2", ("mug", 3));
        await stock.ConsumeAsync("o-2", Main, Cancellation);

        Assert.IsType<StockReserved>(await ReserveAsync(stock, "o-1", ("mug", 4)));
        Assert.IsType<StockReserved>(await ReserveAsync(stock, "o-2", ("mug", 3)));

        await AssertLevelAsync(stock, "mug", available: 7, reserved: 0, consumed: 3);
    }

    [Fact]
    public async Task A_release_puts_everything_back_once()
    {
        var stock = await WithAsync(("mug", 10), ("cup", 5));
        await ReserveAsync(stock, "o-1", ("mug", 3), ("cup", 5));
        for (var time = 0; time < 3; time++)
            await stock.ReleaseAsync("o-1", Main, Cancellation);
        await AssertLevelAsync(stock, "mug", available: 10, reserved: 0, consumed: 0);
        await AssertLevelAsync(stock, "cup", available: 5, reserved: 0, consumed: 0);
    }

    [Fact]
    public async Task A_consumption_takes_everything_off_the_shelf_once()
    {
        var stock = await WithAsync(("mug", 10), ("cup", 5));
        await ReserveAsync(stock, "o-1", ("mug", 3), ("cup", 5));
        for (var time = 0; time < 3; time++)
            await stock.ConsumeAsync("o-1", Main, Cancellation);
        await AssertLevelAsync(stock, "mug", available: 7, reserved: 0, consumed: 3);
        await AssertLevelAsync(stock, "cup", available: 0, reserved: 0, consumed: 5);
    }

    [Fact]
    public async Task What_was_consumed_is_not_released_and_what_was_released_is_not_consumed()
    {
        var stock = await WithAsync(("mug", 10));
        await ReserveAsync(stock, "shipped", ("mug", 3));
        await stock.ConsumeAsync("shipped", Main, Cancellation);
        await stock.ReleaseAsync("shipped", Main, Cancellation);
        await ReserveAsync(stock, "returned", ("mug", 2));
        await stock.ReleaseAsync("returned", Main, Cancellation);
        await stock.ConsumeAsync("returned", Main, Cancellation);
        await AssertLevelAsync(stock, "mug", available: 7, reserved: 0, consumed: 3);
    }

    [Fact]
    public async Task Releasing_or_consuming_what_was_refused_changes_nothing()
    {
        var stock = await WithAsync(("mug", 10));
        await ReserveAsync(stock, "o-1", ("mug", 11));
        await stock.ReleaseAsync("o-1", Main, Cancellation);
        await stock.ConsumeAsync("o-1", Main, Cancellation);
        await AssertLevelAsync(stock, "mug", available: 10, reserved: 0, consumed: 0);
    }

    [Fact]
    public async Task After_a_release_nothing_can_be_reserved_any_more()
    {
        var stock = await WithAsync(("mug", 10));
        await stock.ReleaseAsync("o-1", Main, Cancellation);
        await stock.ReleaseAsync("o-1", Main, Cancellation);
        Assert.IsType<StockShort>(await ReserveAsync(stock, "o-1", ("mug", 3)));
        await AssertLevelAsync(stock, "mug", available: 10, reserved: 0, consumed: 0);
    }

    [Fact]
    public async Task SKUs_that_differ_in_case_only_are_different()
    {
        var stock = await WithAsync(("84968f", 1), ("84968F", 5));
        Assert.IsType<StockReserved>(await ReserveAsync(stock, "o-1", ("84968F", 4), ("84968f", 1)));
        await AssertLevelAsync(stock, "84968f", available: 0, reserved: 1, consumed: 0);
        await AssertLevelAsync(stock, "84968F", available: 1, reserved: 4, consumed: 0);
    }

    [Theory]
    [InlineData("a/b\\c?d#e")]
    [InlineData("'; DROP TABLE stock --")]
    [InlineData("ティーカップ 🍵")]
    [InlineData(" leading and trailing ")]
    public async Task A_SKU_may_hold_any_character(string sku)
    {
        var stock = await WithAsync((sku, 2));
        Assert.IsType<StockReserved>(await ReserveAsync(stock, "o-1", (sku, 2)));
        Assert.Equal([sku], Assert.IsType<StockShort>(await ReserveAsync(stock, "o-2", (sku, 1))).Skus);
        await AssertLevelAsync(stock, sku, available: 0, reserved: 2, consumed: 0);
    }

    [Fact]
    public async Task Warehouses_are_independent()
    {
        var stock = await WithAsync(("mug", 1));
        await stock.SetReceivedAsync("north", "mug", 50, Cancellation);
        Assert.IsType<StockReserved>(await stock.ReserveAsync("o-1", "north", [new("mug", 20)], Cancellation));
        Assert.Equal(new StockLevel("mug", "north", 50, 30, 20, 0), await stock.LevelAsync("north", "mug", Cancellation));
        await AssertLevelAsync(stock, "mug", available: 1, reserved: 0, consumed: 0);
    }

    [Fact]
    public async Task A_thousand_lines_are_reserved_released_and_consumed_as_one()
    {
        var lines = Enumerable.Range(1, 1_000).Select(number => ($"sku-{number}", 2)).ToArray();
        var stock = await WithAsync([.. lines.Select(line => (line.Item1, 4L))]);

        Assert.IsType<StockReserved>(await ReserveAsync(stock, "released", lines));
        Assert.IsType<StockReserved>(await ReserveAsync(stock, "consumed", lines));
        Assert.IsType<StockReserved>(await ReserveAsync(stock, "released", lines));
        await stock.ReleaseAsync("released", Main, Cancellation);
        await stock.ConsumeAsync("consumed", Main, Cancellation);

        foreach (var (sku, _) in lines)
            await AssertLevelAsync(stock, sku, available: 2, reserved: 0, consumed: 2);
    }

    [Fact]
    public async Task A_thousand_lines_of_which_the_last_ones_are_short_take_nothing()
    {
        var lines = Enumerable.Range(1, 1_000).Select(number => ($"sku-{number}", 2)).ToArray();
        var stock = await WithAsync([.. lines.Take(995).Select(line => (line.Item1, 2L))]);

        var refused = Assert.IsType<StockShort>(await ReserveAsync(stock, "o-1", lines));

        Assert.Equal(["sku-1000", "sku-996", "sku-997", "sku-998", "sku-999"], refused.Skus.Order(StringComparer.Ordinal));
        foreach (var (sku, _) in lines.Take(995))
            await AssertLevelAsync(stock, sku, available: 2, reserved: 0, consumed: 0);
        Assert.IsType<StockShort>(await ReserveAsync(stock, "o-1", lines));
    }

    [Fact]
    public async Task Concurrent_reservations_never_oversell()
    {
        var stock = await WithAsync(("mug", 50), ("cup", 1_000));
        var answers = await Task.WhenAll(Enumerable.Range(1, 100).Select(number =>
            Task.Run(() => ReserveAsync(stock, $"o-{number}", ("mug", 1), ("cup", 2)), Cancellation)));
        Assert.Equal(50, answers.Count(answer => answer is StockReserved));
        await AssertLevelAsync(stock, "mug", available: 0, reserved: 50, consumed: 0);
        await AssertLevelAsync(stock, "cup", available: 900, reserved: 100, consumed: 0);
    }

    [Fact]
    public async Task Concurrent_reservations_of_one_order_reserve_it_once()
    {
        var stock = await WithAsync(("mug", 50));
        var answers = await Task.WhenAll(Enumerable.Range(1, 20).Select(_ => Task.Run(() => ReserveAsync(stock, "o-1", ("mug", 3)), Cancellation)));
        Assert.All(answers, answer => Assert.IsType<StockReserved>(answer));
        await AssertLevelAsync(stock, "mug", available: 47, reserved: 3, consumed: 0);
    }

    [Fact]
    public async Task Setting_the_received_total_again_changes_nothing_and_a_higher_total_adds_the_difference()
    {
        var stock = await WithAsync(("mug", 10));
        await ReserveAsync(stock, "o-1", ("mug", 4));
        await ReceiveAsync(stock, "mug", 10);
        await AssertLevelAsync(stock, "mug", available: 6, reserved: 4, consumed: 0);
        Assert.Equal(new StockLevel("mug", Main, 25, 21, 4, 0), await stock.SetReceivedAsync(Main, "mug", 25, Cancellation));
        await AssertLevelAsync(stock, "mug", available: 21, reserved: 4, consumed: 0);
    }

    [Fact]
    public async Task What_was_received_can_go_down_to_what_is_reserved_and_consumed_but_not_below()
    {
        var stock = await WithAsync(("mug", 10));
        await ReserveAsync(stock, "o-1", ("mug", 4));
        await ReserveAsync(stock, "o-2", ("mug", 2));
        await stock.ConsumeAsync("o-2", Main, Cancellation);

        Assert.Null(await stock.SetReceivedAsync(Main, "mug", 5, Cancellation));
        await AssertLevelAsync(stock, "mug", available: 4, reserved: 4, consumed: 2);
        Assert.Equal(new StockLevel("mug", Main, 6, 0, 4, 2), await stock.SetReceivedAsync(Main, "mug", 6, Cancellation));
    }

    [Fact]
    public async Task Large_numbers_are_kept()
    {
        var stock = await WithAsync(("mug", 9_000_000_000_000));
        Assert.IsType<StockReserved>(await ReserveAsync(stock, "o-1", ("mug", int.MaxValue)));
        await AssertLevelAsync(stock, "mug", available: 9_000_000_000_000 - int.MaxValue, reserved: int.MaxValue, consumed: 0);
    }

    [Fact]
    public async Task Available_plus_reserved_plus_consumed_stays_what_was_received_under_concurrent_calls()
    {
        var stock = await WithAsync(("mug", 60), ("cup", 80));
        await Task.WhenAll(Enumerable.Range(1, 60).Select(number => Task.Run(async () =>
        {
            await ReserveAsync(stock, $"o-{number}", ("mug", 1 + number % 3), ("cup", 1));
            if (number % 4 == 0)
                await stock.ReleaseAsync($"o-{number}", Main, Cancellation);
            if (number % 4 == 1)
                await stock.ConsumeAsync($"o-{number}", Main, Cancellation);
            if (number % 10 == 0)
                await ReceiveAsync(stock, "cup", 80 + number);
            foreach (var sku in (string[])["mug", "cup"])
                AssertBalanced(await stock.LevelAsync(Main, sku, Cancellation));
        }, Cancellation)));
    }

    async Task<IStock> WithAsync(params (string Sku, long Received)[] levels)
    {
        var stock = await StockAsync();
        foreach (var (sku, received) in levels)
            await ReceiveAsync(stock, sku, received);
        return stock;
    }

    static async Task ReceiveAsync(IStock stock, string sku, long received) =>
        Assert.NotNull(await stock.SetReceivedAsync(Main, sku, received, Cancellation));

    static Task<Answer> ReserveAsync(IStock stock, string orderId, params (string Sku, int Quantity)[] lines) =>
        stock.ReserveAsync(orderId, Main, [.. lines.Select(line => new StockLine(line.Sku, line.Quantity))], Cancellation);

    static async Task AssertLevelAsync(IStock stock, string sku, long available, long reserved, long consumed)
    {
        var level = await stock.LevelAsync(Main, sku, Cancellation);
        AssertBalanced(level);
        Assert.Equal((available, reserved, consumed), (level!.Available, level.Reserved, level.Consumed));
    }

    static void AssertBalanced(StockLevel? level)
    {
        Assert.NotNull(level);
        Assert.True(level.Available >= 0 && level.Reserved >= 0 && level.Consumed >= 0, $"{level}");
        Assert.Equal(level.Received, level.Available + level.Reserved + level.Consumed);
    }
}
