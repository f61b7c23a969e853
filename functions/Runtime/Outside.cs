using OrderFunctions.Kernel;
using Polly;
using Polly.Retry;

namespace OrderFunctions.Runtime;

/// <summary>Calls to store, bus and providers, retried after a transient failure.</summary>
sealed class Outside(string participant, TurnOptions options, TimeProvider time, Func<double> random)
{
    /// <summary>A turn has a limit: whoever asks for longer is tried sooner, and then left to a later delivery.</summary>
    static readonly TimeSpan RetryAfterMax = TimeSpan.FromSeconds(20);

    readonly ResiliencePipeline retry = new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<TransientException>(),
            MaxRetryAttempts = options.RetriesMax,
            Delay = options.RetryPause,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Randomizer = random,
            DelayGenerator = static retry => new((retry.Outcome.Exception as TransientException)?.RetryAfter switch
            {
                null => null,
                { } asked => asked < RetryAfterMax ? asked : RetryAfterMax,
            }),
            OnRetry = _ =>
            {
                Telemetry.Retries.Add(1, new KeyValuePair<string, object?>("participant", participant));
                return default;
            },
        })
        .Build();

    /// <summary>
    /// Nearly every call succeeds at once, and the pipeline would then cost more than the call: it is only used once the first try has
    /// failed.
    /// </summary>
    /// <param name="call">Best a static lambda: closures for the calls of each turn would be a tenth of what an order allocates.</param>
    /// <param name="on">What the call needs.</param>
    /// <param name="cancellation">Ends the call, and the pauses between tries.</param>
    /// <exception cref="TransientException">It failed each time.</exception>
    public async ValueTask<T> CallAsync<TOn, T>(Func<TOn, CancellationToken, Task<T>> call, TOn on, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        TransientException failure;
        try
        {
            return await call(on, cancellation);
        }
        catch (TransientException e)
        {
            failure = e;
        }
        return await RetryAsync(call, on, failure, cancellation);
    }

    // Not by way of the other, which would cost a task for each save and each publication.
    /// <inheritdoc cref="CallAsync{TOn, T}"/>
    public async ValueTask CallAsync<TOn>(Func<TOn, CancellationToken, Task> call, TOn on, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        TransientException failure;
        try
        {
            await call(on, cancellation);
            return;
        }
        catch (TransientException e)
        {
            failure = e;
        }
        await RetryAsync(Answering(call), on, failure, cancellation);
    }

    ValueTask<T> RetryAsync<TOn, T>(
        Func<TOn, CancellationToken, Task<T>> call, TOn on, TransientException? failure, CancellationToken cancellation) =>
        retry.ExecuteAsync(
            async c => Interlocked.Exchange(ref failure, null) is { } first ? throw first : await call(on, c), cancellation);

    static Func<TOn, CancellationToken, Task<bool>> Answering<TOn>(Func<TOn, CancellationToken, Task> call) => async (on, c) =>
    {
        await call(on, c);
        return true;
    };
}
