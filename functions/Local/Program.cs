using Microsoft.Extensions.Logging.Abstractions;
using OrderFunctions.Local;

await using var saga = new LocalSaga(args is [var path] ? path : Database.InMemory, new(), TimeProvider.System, NullLoggerFactory.Instance);
await saga.StartAsync();
await Task.Delay(Timeout.Infinite);
