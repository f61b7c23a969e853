using System.Diagnostics;
using Microsoft.Extensions.Logging;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.Local.Outside;

/// <summary>How fast the simulated carrier is.</summary>
public sealed record CarrierTiming
{
    /// <summary>From booking to the time it promises.</summary>
    public TimeSpan Promise { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>From the promised time to the pick-up, where it picks up late.</summary>
    public TimeSpan Lateness { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>From the pick-up to its report, where it reports late.</summary>
    public TimeSpan ReportDelay { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Before it reports again what was not acknowledged; doubled each time, up to a minute.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromSeconds(1);
}

/// <summary>What the carrier reports to the webhook.</summary>
/// <param name="EventId">The same for each report of one pick-up.</param>
public sealed record PickUpEvent(string EventId, string OrderId, string TrackingId, DateTimeOffset At);

/// <summary>
/// A carrier whose answers follow from the postal code (<see cref="SimulatedOutside"/>). It reports each pick-up until the report is
/// acknowledged, also after a restart.
/// </summary>
public sealed partial class SqliteCarrier : ICarrier, IAsyncDisposable
{
    static readonly TimeSpan RetryPauseMax = TimeSpan.FromMinutes(1);

    /// <summary>Calls of the webhook at once.</summary>
    const int CallsMax = 32;

    readonly Database database;
    readonly CarrierTiming timing;
    readonly TimeProvider time;
    readonly ILogger<SqliteCarrier> log;
    readonly OrderPart<Bookings> orders;
    readonly Ids ids;
    readonly TimerQueue<Call> timers;
    readonly SemaphoreSlim calls = new(CallsMax);
    readonly CancellationTokenSource stopping = new();
    Func<PickUpEvent, CancellationToken, Task>? webhook;

    public SqliteCarrier(Database database, CarrierTiming timing, TimeProvider time, ILogger<SqliteCarrier> log)
    {
        this.database = database;
        this.timing = timing;
        this.time = time;
        this.log = log;
        orders = new(database, OrderParts.Bookings, Bookings.Read);
        ids = new(database, "SELECT max(id) FROM booking");
        timers = new(time, due => due.ToList().ForEach(call => _ = CallAsync(call, mayBeCancelled: true)));
    }

    /// <summary>
    /// Starts to report pick-ups, first those that were not acknowledged before a restart. A call that returns acknowledges; one that
    /// throws is repeated.
    /// </summary>
    public async Task StartAsync(Func<PickUpEvent, CancellationToken, Task> webhook)
    {
        this.webhook = webhook;
        var waiting = await database.RunAsync(connection => connection
            .Sql("""
                SELECT id, order_id, picked_up_at, told_at FROM booking JOIN order_number USING (number)
                WHERE told_at IS NOT NULL ORDER BY told_at
                """)
            .Rows(row => (
                Call: new Call(row.Long(0), row.Text(1), row.Long(2)),
                ReportAt: new DateTimeOffset(row.Long(3), TimeSpan.Zero))));
        foreach (var (call, reportAt) in waiting)
            timers.Add(call, reportAt);
    }

    public Task<Answer> BookAsync(string key, string orderId, Address shipTo, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        return orders.DecideAsync(orderId, bookings =>
        {
            var booking = bookings.All.Find(booking => booking.Key.Is(key, now));
            if (booking is null)
            {
                booking = Book(key, shipTo.PostalCode, now);
                database.Enqueue(new Insertion(this, orderId, booking));
                bookings.All.Add(booking);
            }
            return booking.Answer;
        });
    }

    public Task<Answer?> FindBookingAsync(string orderId, CancellationToken cancellation) =>
        orders.DecideAsync(orderId, bookings => bookings.All is [var first, ..] ? first.Answer : null);

    public Task<Answer> CancelAsync(string key, string orderId, string trackingId, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        return orders.DecideAsync<Answer>(orderId, bookings =>
        {
            if (bookings[trackingId] is not { } booking)
                return new CarrierTooLate();
            if (!booking.IsCancelled && booking.PickedUpAt > now)
            {
                database.Enqueue(new Cancellation(booking.Id));
                booking.IsCancelled = true;
            }
            return booking.IsCancelled ? new CarrierCancelled() : new CarrierTooLate();
        });
    }

    public Task<Answer> FindParcelAsync(string orderId, string trackingId, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        return orders.DecideAsync<Answer>(orderId, bookings =>
            bookings[trackingId] is { IsCancelled: false } booking && booking.PickedUpAt <= now
                ? new ParcelPickedUp()
                : new ParcelNotPickedUp());
    }

    Booking Book(string key, string postalCode, DateTimeOffset now)
    {
        var behaviour = SimulatedOutside.OfPostalCode(postalCode);
        if (behaviour is CarrierBehaviour.Refuses)
            return new(ids.Next(), new(key, now), SimulatedOutside.RefusedReason);
        var promisedBy = now + timing.Promise;
        var pickedUpAt = behaviour is CarrierBehaviour.PicksUpLate ? promisedBy + timing.Lateness : now;
        return new(ids.Next(), new(key, now))
        {
            PromisedBy = promisedBy,
            PickedUpAt = pickedUpAt,
            ReportAt = behaviour is CarrierBehaviour.ReportsLate ? now + timing.ReportDelay : pickedUpAt,
        };
    }

    const string TrackingPrefix = "trk_";

    /// <param name="mayBeCancelled">It has waited, and the booking may have been cancelled meanwhile.</param>
    async Task CallAsync(Call call, bool mayBeCancelled)
    {
        try
        {
            await calls.WaitAsync(stopping.Token);
            try
            {
                var trackingId = $"{TrackingPrefix}{call.Id}";
                if (mayBeCancelled
                    && await orders.DecideAsync(call.OrderId, bookings => bookings[trackingId] is null or { IsCancelled: true }))
                    return;

                // Shipping may hear of the pick-up before it has saved the booking. Then only the caller knows the order's trace.
                using var span = call.Trace == default
                    ? null
                    : Telemetry.Activities.StartActivity("tell PickUp", ActivityKind.Client, call.Trace,
                        tags: [new("messaging.message.conversation_id", call.OrderId)]);
                var pickedUpAt = new DateTimeOffset(call.PickedUpAt, TimeSpan.Zero);
                await webhook!(new($"{trackingId}/picked-up", call.OrderId, trackingId, pickedUpAt), stopping.Token);
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
            var pause = timing.RetryPause * Math.Pow(2, Math.Min(call.Attempts, 10));
            timers.Add(call with { Attempts = call.Attempts + 1 }, time.GetUtcNow() + (pause < RetryPauseMax ? pause : RetryPauseMax));
        }
    }

    /// <summary>Stops reporting; calls under way are cancelled and left to the next start.</summary>
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

    /// <summary>What was booked for one order, oldest first.</summary>
    sealed class Bookings
    {
        public List<Booking> All { get; init; } = new(1);

        public Booking? this[string trackingId] => All.Find(booking => booking.Refused is null && booking.TrackingId == trackingId);

        public static Bookings Read(Connection connection, long number) => new()
        {
            All = connection
                .Sql("SELECT id, key, at, refused, promised_by, picked_up_at, cancelled FROM booking WHERE number = ? ORDER BY id")
                .Bind(number)
                .Rows(row => new Booking(row.Long(0), IdempotencyKey.Read(row, 1), row.TextOrNull(3))
                {
                    PromisedBy = Moment(row.Long(4)),
                    PickedUpAt = Moment(row.Long(5)),
                    IsCancelled = row.Long(6) == 1,
                }),
        };

        static DateTimeOffset Moment(long ticks) => new(ticks, TimeSpan.Zero);
    }

    /// <param name="Refused">Why nothing was booked; null where it was. Then there are no moments.</param>
    sealed record Booking(long Id, IdempotencyKey Key, string? Refused = null)
    {
        public DateTimeOffset PromisedBy { get; init; }
        public DateTimeOffset PickedUpAt { get; init; }

        /// <summary>When the pick-up is to be reported. Only for a new booking.</summary>
        public DateTimeOffset ReportAt { get; init; }

        public bool IsCancelled { get; set; }
        public string TrackingId { get; } = $"{TrackingPrefix}{Id}";
        public Answer Answer => Refused is null ? new CarrierBooked(TrackingId, PromisedBy) : new CarrierRefused(Refused);
    }

    /// <summary>The pick-up is reported once the booking is on disk, and with it the stream of whoever booked.</summary>
    sealed class Insertion(SqliteCarrier carrier, string orderId, Booking booking) : Write
    {
        readonly Call call = new(booking.Id, orderId, booking.PickedUpAt.UtcTicks, Trace: Activity.Current?.Context ?? default);

        bool IsRefused => booking.Refused is not null;

        public override bool IsAwaited => !IsRefused && carrier.database.IsDurable;

        public override void Run(Connection connection) => connection
            .Sql("""
                INSERT INTO booking (id, number, key, at, promised_by, picked_up_at, told_at, refused) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """)
            .Bind(booking.Id).Bind(carrier.database.Numbers.FindOrGive(connection, orderId))
            .Bind(booking.Key.Text).Bind(booking.Key.At.UtcTicks)
            .Bind(IsRefused ? null : booking.PromisedBy.UtcTicks).Bind(IsRefused ? null : booking.PickedUpAt.UtcTicks)
            .Bind(IsRefused ? null : booking.ReportAt.UtcTicks).Bind(booking.Refused).Run();

        public override void Committed()
        {
            if (IsRefused)
                return;
            if (booking.ReportAt > booking.Key.At)
                carrier.timers.Add(call, booking.ReportAt);
            else if (carrier.webhook is not null)
            {
                ThreadPool.UnsafeQueueUserWorkItem(
                    static at => _ = at.carrier.CallAsync(at.call, mayBeCancelled: false), (carrier, call), preferLocal: false);
            }
        }
    }

    sealed class Cancellation(long id) : Write
    {
        public override void Run(Connection connection) =>
            connection.Sql("UPDATE booking SET cancelled = 1, told_at = NULL WHERE id = ?").Bind(id).Run();
    }

    [LoggerMessage(LogLevel.Information, "The pick-up of order {OrderId} was not acknowledged and is reported again: {Description}")]
    partial void LogNotAcknowledged(string orderId, string description);

    [LoggerMessage(LogLevel.Debug, "The pick-up of order {OrderId} is reported again after the restart: {Description}")]
    partial void LogStopped(string orderId, string description);
}
