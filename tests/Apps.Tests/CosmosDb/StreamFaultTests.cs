using System.Diagnostics.Metrics;
using OrderFunctions.Contracts;
using OrderFunctions.CosmosDb.Gateway;
using OrderFunctions.Kernel;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.CosmosDb;

/// <summary>How the stream store reacts to each fault that a call can meet.</summary>
public sealed class StreamFaultTests
{
    readonly CosmosGateway gateway = new();
    readonly CosmosStreamStore store;

    public StreamFaultTests() =>
        store = new(gateway.Client().GetContainer(CosmosGateway.Database, Participants.Payments), new NoWaiting());

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Unknown =>
        [.. Fault.OfWrites.Where(fault => fault.Status is not (409 or 412 or 429 or 449)).Select(fault => fault.ToString()).Distinct()];

    static Fault Named(string fault) => Fault.OfWrites.Concat(Fault.OfReads).First(known => known.ToString() == fault);

    [Theory]
    [MemberData(nameof(Unknown))]
    public async Task The_outcome_of_an_unanswered_write_is_found_by_loading(string name)
    {
        var fault = Named(name);
        FailOnce("create", fault);
        var first = Samples.Stream("o-1", Samples.Entry("o-1", 1));
        await Assert.ThrowsAsync<TransientException>(() => store.SaveAsync(first, Cancellation));
        await AssertSavedOrSaveAgainAsync(first, fault, entries: 1);

        FailOnce("replace", fault);
        var second = (await store.LoadAsync("o-1", Cancellation))!.With(Samples.Entry("o-1", 2));
        await Assert.ThrowsAsync<TransientException>(() => store.SaveAsync(second, Cancellation));
        await AssertSavedOrSaveAgainAsync(second, fault, entries: 2);
    }

    async Task AssertSavedOrSaveAgainAsync(OrderStream stream, Fault fault, int entries)
    {
        if (fault.IsApplied)
            await Assert.ThrowsAsync<StreamConflictException>(() => store.SaveAsync(stream, Cancellation));
        else
            await store.SaveAsync(stream, Cancellation);
        Assert.Equal(entries, (await store.LoadAsync("o-1", Cancellation))!.Entries.Count);
    }

    [Theory]
    [InlineData("lost")]
    [InlineData("-1/0")]
    [InlineData("401/0")]
    [InlineData("403/0")]
    [InlineData("404/1003")]
    [InlineData("408/0")]
    [InlineData("410/0")]
    [InlineData("500/0")]
    [InlineData("503/0")]
    public async Task A_read_without_an_answer_is_never_taken_for_an_empty_stream(string name)
    {
        await store.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 1)), Cancellation);
        var fault = Named(name);
        gateway.Faults = _ => fault;

        await Assert.ThrowsAsync<TransientException>(() => store.LoadAsync("o-1", Cancellation));

        gateway.Faults = _ => null;
        Assert.NotNull(await store.LoadAsync("o-1", Cancellation));
    }

    [Fact]
    public async Task A_missing_container_is_not_an_empty_stream()
    {
        var missing = new CosmosStreamStore(gateway.Client().GetContainer(CosmosGateway.Database, "nothing"), new NoWaiting());
        await Assert.ThrowsAsync<TransientException>(() => missing.LoadAsync("o-1", Cancellation));
        await Assert.ThrowsAsync<TransientException>(() => missing.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 1)), Cancellation));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(449)]
    public async Task A_throttled_call_is_retried_until_it_succeeds(int status)
    {
        gateway.Faults = call => call.Number <= 3 ? new(status) : null;
        await store.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 1)), Cancellation);
        Assert.Equal(4, gateway.Calls.Count);

        gateway.Faults = call => call.Number <= 7 ? new(status) : null;
        Assert.Single((await store.LoadAsync("o-1", Cancellation))!.Entries);
        Assert.Equal(8, gateway.Calls.Count);
    }

    [Fact]
    public async Task A_call_that_is_throttled_for_too_long_is_given_back()
    {
        gateway.Faults = _ => new(429);
        await Assert.ThrowsAsync<TransientException>(() => store.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 1)), Cancellation));
    }

    [Fact]
    public async Task The_callers_own_cancellation_is_not_a_transient_failure()
    {
        using var caller = new CancellationTokenSource();
        gateway.Before = async (_, cancellation) =>
        {
            await caller.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancellation);
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.LoadAsync("o-1", caller.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 1)), caller.Token));
    }

    [Fact]
    public async Task A_stream_too_large_for_a_document_is_not_retried()
    {
        var reasons = new PaymentFailed(new string('x', 1_100_000));
        var stream = Samples.Stream("o-1", Samples.Entry("o-1", 1, Via.Bus, reasons), Samples.Entry("o-1", 2, Via.Bus, reasons));
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => store.SaveAsync(stream, Cancellation));
        Assert.Contains("413", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(449)]
    public async Task A_query_throttled_half_way_is_continued(int status)
    {
        for (var number = 0; number < 30; number++)
            await store.SaveAsync(
                Samples.Stream($"o-{number:00}", Samples.Entry($"o-{number:00}", number, Via.Http, new OrderCancelled("c", "r"))), Cancellation);
        gateway.Faults = call => call.Number % 2 == 0 ? new(status) : null;

        var found = await store.PendingAsync(Samples.Noon.AddHours(1), 25, Cancellation);

        Assert.Equal(Enumerable.Range(0, 25).Select(number => $"o-{number:00}"), found);
    }

    [Fact]
    public async Task A_query_without_an_answer_is_transient()
    {
        foreach (var fault in Fault.OfReadsAtOnce.Where(fault => fault.Status is not (429 or 449)))
        {
            gateway.Faults = _ => fault;
            await Assert.ThrowsAsync<TransientException>(() => store.PendingAsync(Samples.Noon, 10, Cancellation));
        }
    }

    [Fact]
    public async Task Every_call_states_its_charge_and_every_throttled_one_is_counted()
    {
        var charges = new List<string>();
        var throttled = 0L;

        // Metrics cover the whole process, where other tests use the same participants: only what this test calls is counted.
        var isOurs = new AsyncLocal<bool> { Value = true };
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == Telemetry.Name && instrument.Name.StartsWith("cosmos.", StringComparison.Ordinal))
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, charge, tags, _) =>
        {
            if (isOurs.Value && Tag(tags, "participant") == Participants.Shipping)
                charges.Add($"{Tag(tags, "operation")} {charge}");
        });
        listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
            throttled += isOurs.Value && Tag(tags, "participant") == Participants.Shipping ? count : 0);
        listener.Start();

        var shipping = new CosmosStreamStore(gateway.Client().GetContainer(CosmosGateway.Database, Participants.Shipping), new NoWaiting());
        FailOnce("create", new(429));
        await shipping.SaveAsync(Samples.Stream("o-1", Samples.Entry("o-1", 1)), Cancellation);
        await shipping.SaveAsync((await shipping.LoadAsync("o-1", Cancellation))!.With(Samples.Entry("o-1", 2)), Cancellation);

        Assert.Equal(["stream.create 1", "stream.create 1", "stream.read 1", "stream.replace 1"], charges);
        Assert.Equal(1, throttled);
    }

    void FailOnce(string operation, Fault fault)
    {
        var failed = 0;
        gateway.Faults = call => call.Operation == operation && Interlocked.Exchange(ref failed, 1) == 0 ? fault : null;
    }

    static string? Tag(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name)
    {
        foreach (var tag in tags)
        {
            if (tag.Key == name)
                return tag.Value?.ToString();
        }
        return null;
    }
}
