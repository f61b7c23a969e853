using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using OrderFunctions.Benchmarks.Reporting;

namespace OrderFunctions.Benchmarks.Scenarios;

/// <summary>How long an app's process takes until it calls the Functions host: what a new instance costs before the host takes over.</summary>
static class AppStart
{
    const int StartsARun = 5;
    static readonly TimeSpan StartMax = TimeSpan.FromMinutes(1);

    /// <summary>These have no provider, so nothing outside is needed; the others differ by one HTTP client.</summary>
    static readonly IReadOnlyList<string> Apps = ["OrdersApp", "InventoryApp"];

    static readonly IReadOnlyDictionary<string, string> Settings = new Dictionary<string, string>
    {
        ["FUNCTIONS_WORKER_RUNTIME"] = "dotnet-isolated",
        ["AzureWebJobsStorage__accountName"] = "example",
        ["ServiceBus__fullyQualifiedNamespace"] = "example.servicebus.windows.net",
        ["Stage"] = "prod",
        ["Cosmos__Endpoint"] = "https://example.documents.azure.com:443/",
        ["Cosmos__Database"] = "orderfunctions",
        ["Authentication__TenantId"] = "11111111-1111-1111-1111-111111111111",
        ["Authentication__Audience"] = "api://orders",
    };

    public static async Task<Section> RunAsync(Bench bench)
    {
        var section = new Section(
            "App start",
            "From the start of an app's process to its call to the Functions host over gRPC, with the settings of production: the host and "
            + "its own start are not included, nor is the first message. Built as in `./test`, without ReadyToRun.");
        var grid = Grid.OfSamples("seconds");
        foreach (var app in Apps)
        {
            bench.Tell(app);
            var seconds = new List<double>();
            for (var start = 0; start < StartsARun * bench.Options.Runs; start++)
                seconds.Add(await MeasureAsync(app));
            grid.Add(app, new Samples(seconds));
        }
        section.Grids.Add(grid);
        return section;
    }

    static async Task<double> MeasureAsync(string app)
    {
        using var host = new TcpListener(IPAddress.Loopback, 0);
        host.Start();
        var port = ((IPEndPoint)host.LocalEndpoint).Port;
        var file = Path.Combine(Bench.Root, "functions", app, "bin", "Release", "net10.0", $"OrderFunctions.{app}.dll");
        if (!File.Exists(file))
            throw new SideFailedException($"{app} is not built: dotnet build -c Release OrderFunctions.sln");
        var start = new ProcessStartInfo("dotnet",
        [
            file, "--functions-uri", $"http://127.0.0.1:{port}/", "--functions-request-id", "1", "--functions-worker-id", "1",
            "--functions-grpc-max-message-length", $"{int.MaxValue}",
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in Settings)
            start.Environment[name] = value;

        using var limit = new CancellationTokenSource(StartMax);
        var started = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            var called = host.AcceptTcpClientAsync(limit.Token).AsTask();
            if (await Task.WhenAny(called, process.WaitForExitAsync(limit.Token)) != called)
                throw new SideFailedException($"{app} did not start: {await error}");
            using var client = await called;
            return Stopwatch.GetElapsedTime(started).TotalSeconds;
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }
}
