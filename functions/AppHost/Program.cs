using OrderFunctions.AppHost;

var builder = DistributedApplication.CreateBuilder(args);
builder.AddApps(builder.AddBackingServices());
await using var host = builder.Build();

var missing = Prerequisites.Missing(builder.Resources, builder.Configuration);
foreach (var line in missing)
    await Console.Error.WriteLineAsync(line);
if (missing.Count > 0)
    return 1;
await host.RunAsync();
return 0;
