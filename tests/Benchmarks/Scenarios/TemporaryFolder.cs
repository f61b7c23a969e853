namespace OrderFunctions.Benchmarks.Scenarios;

/// <summary>A folder that is deleted on disposal.</summary>
sealed class TemporaryFolder : IDisposable
{
    public string FullName { get; } = Directory.CreateTempSubdirectory("benchmarks-").FullName;

    public void Dispose() => Directory.Delete(FullName, recursive: true);
}
