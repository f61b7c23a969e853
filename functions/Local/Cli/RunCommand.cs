using System.CommandLine;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OrderFunctions.Observability;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Cli;

/// <summary>The command itself: starts the host, makes a run of it, and keeps serving.</summary>
static class RunCommand
{
    public const string Name = "./run";

    public static string Sample => Path.Combine(AppContext.BaseDirectory, "sample", "orders-200.ndjson.gz");

    public static Verb Create()
    {
        var orders = new Option<string?>("--orders")
        {
            Description = "A file of orders to place, plain or gzip. Default: 200 real orders.",
            HelpName = "FILE",
        };
        var noOrders = new Option<bool>("--no-orders") { Description = "Place nothing." };
        var exit = new Option<bool>("--exit") { Description = "Stop after the audit instead of serving." };
        var data = new Option<string>("--data")
        {
            Description = "The SQLite file for all data, or :memory: to keep nothing.",
            DefaultValueFactory = _ => Path.Combine(".data", "saga.db"),
            HelpName = "FILE",
        };
        var port = Verb.Number("--port", "The port on 127.0.0.1; 0 for a free one.", 0, 65_535, 7071);
        var concurrency = Verb.Number("--concurrency", "Orders placed at once.", 1, 1_000, 16);
        var stock = Verb.Number("--stock", "Pieces received of each SKU in the orders.", 0, 1_000_000_000, 500);
        var settings = new Option<string[]>("--setting")
        {
            Description = "A setting of a real provider, such as CardProvider__Mode=http; may be repeated. See functions/PROVIDERS.md.",
            HelpName = "NAME=VALUE",
        };
        var otlp = new Option<Uri?>("--otlp")
        {
            Description = "Send traces and metrics to this OTLP collector, such as http://127.0.0.1:4318.",
            CustomParser = Verb.Address,
            HelpName = "URL",
        };
        var verbose = new Option<bool>("--verbose") { Description = "Write the trace of one order after another to standard error." };
        data.Validators.Add(result =>
        {
            var path = result.GetValueOrDefault<string>();
            if (string.IsNullOrWhiteSpace(path))
                result.AddError("--data must name a file.");
            else if (Directory.Exists(path))
                result.AddError($"--data must name a file, and {path} is a folder.");
        });
        settings.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value.IndexOf('=') <= 0))
                result.AddError("--setting must be NAME=VALUE.");
        });

        var command = new Verb(Name,
            "Runs the whole saga in one process: places orders, waits until they are final, audits money and stock, keeps serving.",
            """
            0    all is well
            1    the audit found something
            2    wrong arguments, or the host could not start or go on
            3    all is well, but some lines of the orders file were refused
            130  interrupted before all orders were final
            """)
        {
            orders, noOrders, exit, data, port, concurrency, stock, settings, otlp, verbose,
        };
        command.SetAction(async (options, _) =>
        {
            using var silence = options.GetValue(otlp) is { } address ? new SilentCollector(address, Console.Error) : null;
            using var export = options.GetValue(otlp) is { } collector ? Export(collector) : null;
            using var trace = options.GetValue(verbose) ? new VerboseTrace(Console.Error) : null;
            var file = options.GetValue(noOrders) ? null : new OrdersFile(options.GetValue(orders) ?? Sample);
            return await ServeAsync(
                file, new((int)options.GetValue(concurrency)!, options.GetValue(stock)!.Value), options.GetValue(exit),
                options.GetValue(data)!, (int)options.GetValue(port)!,
                (options.GetValue(settings) ?? []).Select(setting => setting.Split('=', 2))
                    .ToDictionary(pair => pair[0].Replace("__", ":", StringComparison.Ordinal), string? (pair) => pair[1]));
        });
        return command;
    }

    static async Task<int> ServeAsync(
        OrdersFile? orders, RunOptions options, bool exit, string data, int port, IReadOnlyDictionary<string, string?> settings)
    {
        LocalHost host;
        Survey? survey;
        try
        {
            survey = orders is null ? null : await orders.SurveyAsync(CancellationToken.None);
            host = await LocalHost.StartAsync(data, port, settings);
        }
        catch (SocketException e)
        {
            return Exit.Fail($"Port {port} cannot be used: {e.Message}. Name one above 1023 with --port.");
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            return Exit.Fail($"Port {port} is in use, perhaps by another ./run. Stop that one, or name another with --port.");
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            return Exit.Fail(e.Message);
        }
        var status = Exit.Done;
        await using (host)
        {
            Output.Line($"Serving on {host.Address}; all data is in {data}.");
            try
            {
                status = orders is not null || exit ? await new Run(host, options).ToEndAsync(orders, survey) : Exit.Done;
                if (!exit && !host.Stopping.IsCancellationRequested)
                {
                    Output.Line($"Press Ctrl-C to stop.");
                    await host.ServeAsync();
                    status = Exit.Done;
                }
            }
            catch (Exception) when (host.Saga.Database.Broken.IsFaulted)
            {
                // The database has said why.
            }
        }
        return host.Saga.Database.Broken.IsFaulted ? Exit.Failed : status;
    }

    // Whoever looks at a collector while the saga runs does not want to wait for the usual minute.
    static OpenTelemetrySdk Export(Uri collector) => OpenTelemetrySdk.Create(telemetry =>
    {
        telemetry.ConfigureResource(resource => resource.AddService(Telemetry.Name)).AddSaga().SendByOtlp(collector);
        telemetry.Services.Configure<MetricReaderOptions>(
            reader => reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = 5_000);
    });
}
