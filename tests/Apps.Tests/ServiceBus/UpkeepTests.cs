using System.Diagnostics.Metrics;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Moq;
using OrderFunctions.PaymentsApp;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;
using OrderFunctions.Turns;

namespace OrderFunctions.Apps.Tests.ServiceBus;

/// <summary>Calls an app's timer as the host does. One duty that fails, or one order, keeps no other from being done, and is reported.</summary>
public class UpkeepTests
{
    readonly World world = new();
    readonly Mock<ILogger<Upkeep>> log = new();
    readonly PaymentsFunctions functions;

    public UpkeepTests()
    {
        log.Setup(l => l.IsEnabled(It.IsAny<LogLevel>())).Returns(true);
        var participant = world.Participant;
        functions = new(
            new MessageHandler(participant, world.Options, world.Time, NullLogger<MessageHandler>.Instance),
            new Upkeep(new Republisher(participant, world, world.Time), new Replayer(participant, world, world.Time), log.Object));
    }

    [Fact]
    public async Task One_unreadable_stream_keeps_no_other_from_being_republished_or_replayed()
    {
        using var failures = new FailureCount();
        await LeaveUnpublishedAsync("a");
        await LeaveUnpublishedAsync("b");
        await world.DeliverAsync(World.Message("inventory/2", World.Reserved, delivery: world.Options.DeliveriesMax + 1));
        world.Time.Advance(TimeSpan.FromMinutes(1));
        world.Published.Clear();

        world.Fail("load", new InvalidDataException("unreadable"));
        var failure = await Assert.ThrowsAnyAsync<Exception>(OnTimerAsync);

        Assert.Contains("Order a: unreadable", failure.ToString(), StringComparison.Ordinal);
        Assert.Contains(world.Published, message => message.OrderId == "b");
        Assert.Empty(world.DeadLetters);
        Assert.Equal(["republish"], failures.Duties);
        log.Verify(l => l.Log(LogLevel.Error, It.IsAny<EventId>(), It.IsAny<It.IsAnyType>(), It.IsAny<Exception>(), It.IsAny<Func<It.IsAnyType, Exception?, string>>()));

        await OnTimerAsync();
        Assert.Contains(world.Published, message => message.OrderId == "a");
    }

    [Fact]
    public async Task A_duty_that_fails_as_a_whole_keeps_no_other_from_being_done()
    {
        await world.DeliverAsync(World.Message("inventory/2", World.Reserved, delivery: world.Options.DeliveriesMax + 1));
        world.Time.Advance(TimeSpan.FromMinutes(1));
        world.Fail("pending");

        await Assert.ThrowsAsync<TransientException>(OnTimerAsync);
        Assert.Empty(world.DeadLetters);
    }

    Task OnTimerAsync() => functions.OnTimer(new TimerInfo(), TestContext.Current.CancellationToken);

    async Task LeaveUnpublishedAsync(string order)
    {
        for (var call = 0; call <= world.Options.RetriesMax; call++)
            world.Fail("publish");
        await Assert.ThrowsAsync<TransientException>(() => world.Participant.RequestAsync(
            order, $"{order}/http/1", new ReplayRequested("shipping"), TestContext.Current.CancellationToken));
    }

    /// <summary>What <c>upkeep.failures</c> counted for Payments.</summary>
    sealed class FailureCount : IDisposable
    {
        readonly MeterListener listener = new();

        public FailureCount()
        {
            listener.InstrumentPublished = (instrument, own) =>
            {
                if (instrument.Name is "upkeep.failures")
                    own.EnableMeasurementEvents(instrument);
            };
            listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
            {
                var all = tags.ToArray().ToDictionary(tag => tag.Key, tag => tag.Value);
                if (all["participant"] is Participants.Payments)
                    Duties.Add($"{all["duty"]}");
            });
            listener.Start();
        }

        public List<string> Duties { get; } = [];

        public void Dispose() => listener.Dispose();
    }
}
