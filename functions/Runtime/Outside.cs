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
    /// <exception cref="TransientException">It failed each time.</exception>
    public async ValueTask<T> CallAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        TransientException failure;
        try
        {
            return await call(cancellation);
        }
        catch (TransientException e)
        {
            failure = e;
        }
        return await RetryAsync(call, failure, cancellation);
    }

    // Not by way of the other, which would cost a delegate and a task for each save and each publication.
    /// <inheritdoc cref="CallAsync{T}"/>
    public async ValueTask CallAsync(Func<CancellationToken, Task> call, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        TransientException failure;
        try
        {
            await call(cancellation);
            return;
        }
        catch (TransientException e)
        {
            failure = e;
        }
        await RetryAsync(Answering(call), failure, cancellation);
    }

    ValueTask<T> RetryAsync<T>(Func<CancellationToken, Task<T>> call, TransientException? failure, CancellationToken cancellation) =>
        retry.ExecuteAsync(
            async c => Interlocked.Exchange(ref failure, null) is { } first ? throw first : await call(c), cancellation);

    static Func<CancellationToken, Task<bool>> Answering(Func<CancellationToken, Task> call) => async c =>
    {
        await call(c);
        return true;
    };
}
