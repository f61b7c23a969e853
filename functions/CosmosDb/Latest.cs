namespace OrderFunctions.CosmosDb;

/// <summary>
/// An answer that all who ask within <paramref name="age"/> share, so that its cost does not grow with their number. A failure is answered
/// to those who are waiting for it, and not kept.
/// </summary>
sealed class Latest<T>(Func<Task<T>> ask, TimeSpan age, TimeProvider time)
{
    readonly Lock gate = new();
    Task<T>? answer;
    long askedAt;

    public Task<T> GetAsync(CancellationToken cancellation)
    {
        lock (gate)
        {
            if (answer is null || (answer.IsCompleted && (!answer.IsCompletedSuccessfully || time.GetElapsedTime(askedAt) >= age)))
            {
                askedAt = time.GetTimestamp();
                answer = ask();
            }
            return answer.WaitAsync(cancellation);
        }
    }
}
