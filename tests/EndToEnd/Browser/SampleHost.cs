namespace OrderFunctions.EndToEnd.Browser;

/// <summary>A host that has placed the sample orders, shared by all tests that do not stop it.</summary>
public sealed class SampleHost : IAsyncLifetime
{
    readonly DataFolder data = new();
    HostProcess? host;

    public HostProcess Host => host ?? throw new InvalidOperationException("Not started.");

    public async ValueTask InitializeAsync()
    {
        host = HostProcess.Start(data.Database);
        await host.AnswersAsync();
        for (var since = Environment.TickCount64; !host.Output.Contains("Press Ctrl-C to stop.", StringComparison.Ordinal); await Task.Delay(100))
            Assert.True(Environment.TickCount64 - since < 180_000, $"The sample was not placed within three minutes:\n{host.Output}");
    }

    public ValueTask DisposeAsync()
    {
        host?.Dispose();
        data.Dispose();
        return ValueTask.CompletedTask;
    }
}
