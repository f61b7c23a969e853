using System.Diagnostics;
using Microsoft.Extensions.Logging;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Outside;

/// <summary>How soon the simulated carrier is.</summary>
public sealed record CarrierTiming
{
    /// <summary>From booking to the time it promises.</summary>
    public TimeSpan Promise { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How much after that it picks up where it is late.</summary>
    public TimeSpan Lateness { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>From picking up to telling so, where it is quiet.</summary>
    public TimeSpan Quietness { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Before it tells again what was not acknowledged; doubled each time, up to a minute.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromSeconds(1);
}

/// <summary>What the carrier's webhook says.</summary>
/// <param name="EventId">The same each time it is said.</param>
public sealed record PickUpEvent(string EventId, string OrderId, string TrackingId, DateTimeOffset At);

/// <summary>
/// A carrier whose answers follow from the postal code: <c>REFUSE</c> is refused; <c>LATE</c> is picked up after the promised time; <c>QUIET</c> is picked up
/// at once, but the carrier tells so only later, so that whoever wants to cancel meanwhile finds out that it is too late; any other is picked up at once. It
/// tells of each pick-up until it is acknowledged, also after a restart.
/// </summary>
public sealed partial class SqliteCarrier : ICarrier, IAsyncDisposable
{
    static readonly TimeSpan KeyMemory = TimeSpan.FromHours(24);
    static readonly TimeSpan RetryPauseMax = TimeSpan.FromMinutes(1);

    /// <summary>Calls of the webhook at once.</summary>
    const int CallsMax = 32;

    readonly Database database;
    readonly CarrierTiming options;
    readonly TimeProvider time;
    readonly ILogger<SqliteCarrier> log;
    readonly TimerQueue<Call> timers;
    readonly SemaphoreSlim calls = new(CallsMax);
    readonly CancellationTokenSource stopping = new();
    Func<PickUpEvent, CancellationToken, Task>? webhook;

    public SqliteCarrier(Database database, CarrierTiming options, TimeProvider time, ILogger<SqliteCarrier> log)
    {
        this.database = database;
        this.options = options;
        this.time = time;
        this.log = log;
        timers = new(time, due => due.ToList().ForEach(call => _ = CallAsync(call, mayBeCancelled: true)));
    }

    /// <summary>Starts telling of pick-ups, first of those that were not acknowledged before a restart. A call is acknowledged when it ends, and repeated when it throws.</summary>
    public async Task StartAsync(Func<PickUpEvent, CancellationToken, Task> webhook)
    {
        this.webhook = webhook;
        var waiting = await database.RunAsync(connection => connection
            .Sql("SELECT id, order_id, picked_up_at, told_at FROM booking JOIN order_number USING (number) WHERE told_at IS NOT NULL ORDER BY told_at")
            .Rows(row => (Call: new Call(row.Long(0), row.Text(1), row.Long(2)), ToldAt: new DateTimeOffset(row.Long(3), TimeSpan.Zero))));
        foreach (var (call, toldAt) in waiting)
            timers.Add(call, toldAt);
    }

    public Task<Answer> BookAsync(string key, string orderId, Address shipTo, CancellationToken cancellation)
    {
        var booking = new Booking(this, key, orderId, shipTo.PostalCode, time.GetUtcNow());
        database.Enqueue(booking);
        return booking.Answer;
    }

    public Task<Answer?> FindBookingAsync(string orderId, CancellationToken cancellation) => database.RunAsync(connection =>
        database.Numbers.Find(connection, orderId) is { } number
            ? connection.Sql("SELECT id, promised_by, refused FROM booking WHERE number = ? ORDER BY id LIMIT 1").Bind(number).First(BookingAnswer)
            : null);

    public Task<Answer> CancelAsync(string key, string orderId, string trackingId, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        return database.RunAsync<Answer>(connection =>
        {
            var id = long.Parse(trackingId[TrackingPrefix.Length..], System.Globalization.CultureInfo.InvariantCulture);
            connection.Sql("UPDATE booking SET cancelled = 1, told_at = NULL WHERE id = ? AND picked_up_at > ?").Bind(id).Bind(now.UtcTicks).Run();
            var isCancelled = connection.Sql("SELECT cancelled FROM booking WHERE id = ?").Bind(id).First(row => row.Long(0)) == 1;
            return isCancelled ? new CarrierCancelled() : new CarrierTooLate();
        });
    }

    const string TrackingPrefix = "trk_";

    static Answer BookingAnswer(Statement row) => row.TextOrNull(2) is { } refusal
        ? new CarrierRefused(refusal)
        : new CarrierBooked($"{TrackingPrefix}{row.Long(0)}", new(row.Long(1), TimeSpan.Zero));

    /// <param name="mayBeCancelled">It has waited, and the booking may have been cancelled meanwhile.</param>
    async Task CallAsync(Call call, bool mayBeCancelled)
    {
        try
        {
            await calls.WaitAsync(stopping.Token);
            try
            {
                if (mayBeCancelled && await database.RunAsync(connection => connection
                    .Sql("SELECT cancelled FROM booking WHERE id = ?").Bind(call.Id).First(row => row.Long(0))) != 0)
                    return;
                var trackingId = $"{TrackingPrefix}{call.Id}";

                // Shipping may hear of the pick-up before it has saved the booking: the order's trace is known to the caller only then.
                using var span = call.Trace == default ? null : Telemetry.Activities.StartActivity("tell PickUp", ActivityKind.Client, call.Trace);
                await webhook!(new($"{trackingId}/picked-up", call.OrderId, trackingId, new(call.PickedUpAt, TimeSpan.Zero)), stopping.Token);
                database.Enqueue(new Acknowledged(call.Id));
            }
            finally
            {
                calls.Release();
            }
        }
        catch (Exception e) when (stopping.IsCancellationRequested)
        {
            LogStopped(call.OrderId, e.Message);
        }
        catch (Exception e)
        {
            LogNotAcknowledged(call.OrderId, e.Message);
            var pause = options.RetryPause * Math.Pow(2, Math.Min(call.Attempts, 10));
            timers.Add(call with { Attempts = call.Attempts + 1 }, time.GetUtcNow() + (pause < RetryPauseMax ? pause : RetryPauseMax));
        }
    }

    /// <summary>Tells of no more pick-ups; those under way are left to the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        timers.Dispose();
        await stopping.CancelAsync();
    }

    sealed class Acknowledged(long id) : Write
    {
        public override void Run(Connection connection) => connection.Sql("UPDATE booking SET told_at = NULL WHERE id = ?").Bind(id).Run();
    }

    /// <param name="Trace">Of the turn that booked; none after a restart.</param>
    sealed record Call(long Id, string OrderId, long PickedUpAt, int Attempts = 0, ActivityContext Trace = default);

    /// <summary>Answers once it has run; the pick-up is told of once it is on disk, when who booked has made a note of it too.</summary>
    sealed class Booking(SqliteCarrier carrier, string key, string orderId, string postalCode, DateTimeOffset now) : Write
    {
        readonly TaskCompletionSource<Answer> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        readonly ActivityContext trace = Activity.Current?.Context ?? default;
        Answer found = null!;
        Call? call;
        DateTimeOffset toldAt;

        public Task<Answer> Answer => answer.Task;

        public override void Run(Connection connection)
        {
            call = null;
            var number = carrier.database.Numbers.FindOrGive(connection, orderId);
            found = connection.Sql("SELECT id, promised_by, refused FROM booking WHERE number = ? AND key = ? AND at > ?")
                .Bind(number).Bind(key).Bind((now - KeyMemory).UtcTicks).First(BookingAnswer)
                ?? Book(connection, number);
        }

        Answer Book(Connection connection, long number)
        {
            var isRefused = postalCode is "REFUSE";
            var promisedBy = now + carrier.options.Promise;
            var pickedUpAt = postalCode is "LATE" ? promisedBy + carrier.options.Lateness : now;
            toldAt = postalCode is "QUIET" ? now + carrier.options.Quietness : pickedUpAt;
            var id = connection
                .Sql("INSERT INTO booking (number, key, at, promised_by, picked_up_at, told_at, refused) VALUES (?, ?, ?, ?, ?, ?, ?)")
                .Bind(number).Bind(key).Bind(now.UtcTicks).Bind(isRefused ? null : promisedBy.UtcTicks).Bind(isRefused ? null : pickedUpAt.UtcTicks)
                .Bind(isRefused ? null : toldAt.UtcTicks).Bind(isRefused ? "the carrier does not deliver there" : null).Insert();
            if (isRefused)
                return new CarrierRefused("the carrier does not deliver there");
            call = new(id, orderId, pickedUpAt.UtcTicks, Trace: trace);
            return new CarrierBooked($"{TrackingPrefix}{id}", promisedBy);
        }

        public override void Ran() => answer.TrySetResult(found);

        public override bool IsAwaited => call is not null && carrier.database.IsDurable;

        public override void Committed()
        {
            if (call is null)
                return;
            if (toldAt > now)
                carrier.timers.Add(call, toldAt);
            else if (carrier.webhook is not null)
                ThreadPool.UnsafeQueueUserWorkItem(static at => _ = at.carrier.CallAsync(at.call, mayBeCancelled: false), (carrier, call), preferLocal: false);
        }

        public override bool Failed(Exception exception) => answer.TrySetException(exception) || true;
    }

    [LoggerMessage(LogLevel.Information, "The pick-up of order {OrderId} was not acknowledged and is told again: {Description}")]
    partial void LogNotAcknowledged(string orderId, string description);

    [LoggerMessage(LogLevel.Debug, "The pick-up of order {OrderId} is told again after the restart: {Description}")]
    partial void LogStopped(string orderId, string description);
}
