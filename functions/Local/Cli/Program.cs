using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OrderFunctions.Local.Cli;
using OrderFunctions.Observability;
using OrderFunctions.Runtime;

var orders = new Option<FileInfo?>("--orders")
{
    Description = "Orders to place: one JSON object per line, plain or gzip. Default: the sample of 200.",
    HelpName = "FILE",
};
var noOrders = new Option<bool>("--no-orders") { Description = "Place nothing, only serve." };
var exit = new Option<bool>("--exit") { Description = "Stop after the audit instead of serving." };
var data = new Option<string>("--data")
{
    Description = "The SQLite file for all data, or :memory: to keep nothing.",
    DefaultValueFactory = _ => Path.Combine(".data", "saga.db"),
    HelpName = "PATH",
};
var port = new Option<int>("--port") { Description = "The port on 127.0.0.1.", DefaultValueFactory = _ => 7071 };
var concurrency = new Option<int>("--concurrency") { Description = "Orders placed at once.", DefaultValueFactory = _ => 16 };
var stock = new Option<long>("--stock")
{
    Description = "Pieces received of each SKU in the orders.",
    DefaultValueFactory = _ => 500,
    HelpName = "N",
};
var settings = new Option<string[]>("--setting")
{
    Description = "A setting of a real provider, such as CardProvider__Mode=http; may be repeated. See functions/PROVIDERS.md.",
    HelpName = "NAME=VALUE",
};
var otlp = new Option<Uri?>("--otlp")
{
    Description = "Send traces and metrics to this OTLP collector, such as http://127.0.0.1:4318.",
    CustomParser = WebAddress.Parse,
    HelpName = "URL",
};
var verbose = new Option<bool>("--verbose") { Description = "Write the trace of one order after another to standard error." };
port.Validators.Add(result => Require(result, result.GetValueOrDefault<int>() is >= 0 and <= 65535, "--port must be 0 to 65535."));
concurrency.Validators.Add(
    result => Require(result, result.GetValueOrDefault<int>() is >= 1 and <= 1000, "--concurrency must be 1 to 1000."));
stock.Validators.Add(
    result => Require(result, result.GetValueOrDefault<long>() is >= 0 and <= 1_000_000_000, "--stock must be 0 to 1,000,000,000."));

settings.Validators.Add(result => Require(
    result, result.Tokens.All(token => token.Value.IndexOf('=') > 0), "--setting must be NAME=VALUE."));

var command = new RootCommand(
    """
    Runs the whole saga in one process: places real orders through the HTTP API, reports outcomes, audits money and stock, keeps serving.
    Exit status: 0 all is well; 1 the audit found something; 2 it could not start, or some lines could not be placed.
    """)
{
    orders, noOrders, exit, data, port, concurrency, stock, settings, otlp, verbose,
};
foreach (var operation in OperatorCommands.All)
    command.Subcommands.Add(operation);
command.Subcommands.Add(PlaceCommand.Create());
command.SetAction(async (options, _) =>
{
    using var export = options.GetValue(otlp) is { } collector ? Export(collector) : null;
    using var trace = options.GetValue(verbose) ? new VerboseTrace(Console.Error) : null;
    return await RunCommand.RunAsync(new(
        options.GetValue(noOrders) ? null : options.GetValue(orders)?.FullName ?? RunCommand.Sample,
        options.GetValue(exit),
        options.GetValue(data)!,
        options.GetValue(port),
        options.GetValue(concurrency),
        options.GetValue(stock),
        (options.GetValue(settings) ?? []).Select(setting => setting.Split('=', 2))
            .ToDictionary(pair => pair[0].Replace("__", ":", StringComparison.Ordinal), string? (pair) => pair[1])));
});
return await command.Parse(args).InvokeAsync();

// Whoever looks at a collector while the saga runs does not want to wait for the usual minute.
static OpenTelemetrySdk Export(Uri collector) => OpenTelemetrySdk.Create(telemetry =>
{
    telemetry.ConfigureResource(resource => resource.AddService(Telemetry.Name)).AddSaga().SendByOtlp(collector);
    telemetry.Services.Configure<MetricReaderOptions>(
        reader => reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = 5_000);
});

static void Require(System.CommandLine.Parsing.OptionResult result, bool isValid, string error)
{
    if (!isValid)
        result.AddError(error);
}
