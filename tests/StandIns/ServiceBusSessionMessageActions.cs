namespace Microsoft.Azure.Functions.Worker;

public class ServiceBusSessionMessageActions
{
    protected ServiceBusSessionMessageActions()
    {
    }

    public virtual DateTimeOffset SessionLockedUntil { get; protected set; }

    public virtual Task<BinaryData> GetSessionStateAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public virtual Task SetSessionStateAsync(BinaryData sessionState, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public virtual Task RenewSessionLockAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public virtual Task ReleaseSession(CancellationToken cancellationToken = default) => throw new NotSupportedException();
}
