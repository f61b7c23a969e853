using System.Diagnostics;
using System.Globalization;
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
    static readonly TimeSpan KeyMemory = TimeSpan.FromHours(24);
    static readonly TimeSpan RetryPauseMax = TimeSpan.FromMinutes(1);

    /// <summary>Calls of the webhook at once.</summary>
    const int CallsMax = 32;

    readonly Database database;
    readonly CarrierTiming timing;
    readonly TimeProvider time;
    readonly ILogger<SqliteCarrier> log;
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
        var booking = new Booking(this, key, orderId, shipTo.PostalCode, time.GetUtcNow());
        database.Enqueue(booking);
        return booking.Answer;
    }

    public Task<Answer?> FindBookingAsync(string orderId, CancellationToken cancellation) => database.RunAsync(connection =>
        database.Numbers.Find(connection, orderId) is { } number
            ? connection.Sql("SELECT id, promised_by, refused FROM booking WHERE number = ? ORDER BY id LIMIT 1")
                .Bind(number).First(BookingAnswer)
            : null);

    public Task<Answer> CancelAsync(string key, string orderId, string trackingId, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        return database.RunAsync<Answer>(connection =>
        {
            var id = IdOf(trackingId);
            connection.Sql("UPDATE booking SET cancelled = 1, told_at = NULL WHERE id = ? AND picked_up_at > ?")
                .Bind(id).Bind(now.UtcTicks).Run();
            var isCancelled = connection.Sql("SELECT cancelled FROM booking WHERE id = ?").Bind(id).First(row => row.Long(0)) == 1;
            return isCancelled ? new CarrierCancelled() : new CarrierTooLate();
        });
    }

    public Task<Answer> FindParcelAsync(string orderId, string trackingId, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        return database.RunAsync<Answer>(connection =>
            connection.Sql("SELECT count(*) FROM booking WHERE id = ? AND NOT cancelled AND picked_up_at <= ?")
                .Bind(IdOf(trackingId)).Bind(now.UtcTicks).First(row => row.Long(0)) > 0
                ? new ParcelPickedUp()
                : new ParcelNotPickedUp());
    }

    const string TrackingPrefix = "trk_";

    static long IdOf(string trackingId) => long.Parse(trackingId[TrackingPrefix.Length..], CultureInfo.InvariantCulture);

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

    /// <summary>
    /// Answers once it has run. The pick-up is reported once the booking is on disk, and with it the stream of whoever booked.
    /// </summary>
    sealed class Booking(SqliteCarrier carrier, string key, string orderId, string postalCode, DateTimeOffset now) : Write
    {
        readonly TaskCompletionSource<Answer> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        readonly ActivityContext trace = Activity.Current?.Context ?? default;
        Answer found = null!;
        Call? call;
        DateTimeOffset reportAt;

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
            var behaviour = SimulatedOutside.OfPostalCode(postalCode);
            var isRefused = behaviour is CarrierBehaviour.Refuses;
            var promisedBy = now + carrier.timing.Promise;
            var pickedUpAt = behaviour is CarrierBehaviour.PicksUpLate ? promisedBy + carrier.timing.Lateness : now;
            reportAt = behaviour is CarrierBehaviour.ReportsLate ? now + carrier.timing.ReportDelay : pickedUpAt;
            var id = connection
                .Sql("INSERT INTO booking (number, key, at, promised_by, picked_up_at, told_at, refused) VALUES (?, ?, ?, ?, ?, ?, ?)")
                .Bind(number).Bind(key).Bind(now.UtcTicks)
                .Bind(isRefused ? null : promisedBy.UtcTicks).Bind(isRefused ? null : pickedUpAt.UtcTicks)
                .Bind(isRefused ? null : reportAt.UtcTicks).Bind(isRefused ? SimulatedOutside.RefusedReason : null).Insert();
            if (isRefused)
                return new CarrierRefused(SimulatedOutside.RefusedReason);
            call = new(id, orderId, pickedUpAt.UtcTicks, Trace: trace);
            return new CarrierBooked($"{TrackingPrefix}{id}", promisedBy);
        }

        public override void Ran() => answer.TrySetResult(found);

        public override bool IsAwaited => call is not null && carrier.database.IsDurable;

        public override void Committed()
        {
            if (call is null)
                return;
            if (reportAt > now)
                carrier.timers.Add(call, reportAt);
            else if (carrier.webhook is not null)
            {
                ThreadPool.UnsafeQueueUserWorkItem(
                    static at => _ = at.carrier.CallAsync(at.call, mayBeCancelled: false), (carrier, call), preferLocal: false);
            }
        }

        public override bool Failed(Exception exception) => answer.TrySetException(exception) || true;
    }

    [LoggerMessage(LogLevel.Information, "The pick-up of order {OrderId} was not acknowledged and is reported again: {Description}")]
    partial void LogNotAcknowledged(string orderId, string description);

    [LoggerMessage(LogLevel.Debug, "The pick-up of order {OrderId} is reported again after the restart: {Description}")]
    partial void LogStopped(string orderId, string description);
}
