using System.Globalization;
using System.Reflection;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.AppHost;

static class Apps
{
    const int FirstPort = 7071;

    /// <summary>
    /// The five apps under the Core Tools, once the emulators are healthy: Orders on port 7071, the others on the next ones.
    /// </summary>
    public static void AddApps(this IDistributedApplicationBuilder builder, Endpoints endpoints)
    {
        var emulators = builder.Resources.OfType<ContainerResource>().Select(builder.CreateResourceBuilder).ToList();
        foreach (var (index, participant) in Topology.Current.Subscriptions.Select(subscription => subscription.Name).Index())
        {
            var port = FirstPort + index;

            // From the folder that was built: the SDK leaves a second project below obj, between which and the app `func` could not choose.
            var app = builder.AddExecutable(participant, "func", Folder(participant),
                    "start", "--no-build", "--address", "127.0.0.1", "--port", port.ToString(CultureInfo.InvariantCulture))
                .WithHttpEndpoint(port, port, isProxied: false)
                .WithHttpHealthCheck("/admin/host/ping")
                .WithOtlpExporter();
            foreach (var (name, value) in AppSettings.Of(participant, endpoints))
                app.WithEnvironment(name, value);
            if (participant is Participants.Orders && builder.Configuration["ASPNETCORE_URLS"]?.Split(';')[0] is { Length: > 0 } dashboard)
                app.WithEnvironment("Page__TraceLink", $"{dashboard}/traces/detail/{{traceId}}");
            foreach (var emulator in emulators)
                app.WaitFor(emulator);
        }
    }

    static string Folder(string participant) =>
        Path.Combine("..", $"{char.ToUpperInvariant(participant[0])}{participant[1..]}App", OutputPath);

    static string OutputPath => typeof(Apps).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(entry => entry.Key == "OutputPath").Value!;
}
