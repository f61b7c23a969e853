using System.Diagnostics;
using System.Reflection;
using Azure.Messaging.ServiceBus;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Moq;
using OrderFunctions.AppHost;
using OrderFunctions.Hosting;
using OrderFunctions.Providers;
using OrderFunctions.Runtime;

namespace OrderFunctions.Apps.Tests.Apps;

/// <summary>The apps' own programs, run up to where the worker is about to be built.</summary>
public class CompositionTests
{
    static readonly Type[] Apps = [.. BuiltApp.All.Values];

    public static TheoryData<string> Names => [.. Apps.Select(Name)];

    [Theory, MemberData(nameof(Names))]
    public async Task With_the_settings_of_the_app_host_an_app_has_all_that_its_functions_need(string app)
    {
        var services = Run(app, Settings(app));
        services.Replace(ServiceDescriptor.Singleton(Mock.Of<ServiceBusSender>()));

        await using var provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });

        var functions = Apps.Single(type => Name(type) == app).Assembly.GetExportedTypes().Where(type => type.Name.EndsWith("Functions", StringComparison.Ordinal));
        Assert.All(functions, type => Assert.NotNull(ActivatorUtilities.CreateInstance(provider, type)));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task An_app_replays_what_its_own_subscription_dead_lettered(string app)
    {
        var client = new Mock<ServiceBusClient>();
        var services = Run(app, Settings(app));
        services.Replace(ServiceDescriptor.Singleton(client.Object));
        await using var provider = services.BuildServiceProvider();
        provider.GetRequiredService<IDeadLetterQueue>().Open();
        client.Verify(c => c.CreateReceiver(
            Topology.Current.Topic, ParticipantOf(app), It.Is<ServiceBusReceiverOptions>(options => options.SubQueue == SubQueue.DeadLetter)), Times.Once);
    }

    [Fact]
    public async Task An_app_reads_its_deliveries_and_lets_a_turn_finish_when_it_stops()
    {
        var settings = Settings("PaymentsApp");
        settings["Turn__DeliveriesMax"] = "7";
        await using var provider = Run("PaymentsApp", settings).BuildServiceProvider();
        Assert.Equal(7, provider.GetRequiredService<Kernel.TurnOptions>().DeliveriesMax);
        Assert.Equal(TimeSpan.FromSeconds(25), provider.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout);
    }

    public static TheoryData<string, string> Required
    {
        get
        {
            var required = new TheoryData<string, string>();
            foreach (var app in Apps.Select(Name))
                required.Add(app, "ServiceBus");
            required.Add("PaymentsApp", "CardProvider__Mode");
            required.Add("ShippingApp", "Carrier__Mode");
            required.Add("NotificationsApp", "Notifier__Mode");
            return required;
        }
    }

    [Theory]
    [InlineData("PaymentsApp", "CardProvider__Mode"), InlineData("ShippingApp", "Carrier__Mode")]
    [InlineData("NotificationsApp", "Notifier__Mode")]
    public void A_simulated_provider_is_refused_unless_the_stage_is_dev(string app, string setting)
    {
        var settings = Settings(app);
        foreach (var stage in new[] { null, "", "prod", "Dev", "development" })
        {
            settings["Stage"] = stage ?? "";
            if (stage is null)
                settings.Remove("Stage");
            Assert.Contains(setting, Assert.Throws<InvalidOperationException>(() => Run(app, settings)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("OrdersApp"), InlineData("InventoryApp"), InlineData("ShippingApp")]
    public void Callers_go_unchecked_on_loopback_only(string app)
    {
        var settings = Settings(app);
        foreach (var name in new[] { "localhost:7071", "127.0.0.1:7071", "[::1]:7071" })
        {
            settings["WEBSITE_HOSTNAME"] = name;
            Assert.DoesNotContain(Run(app, settings), service => service.ServiceType == typeof(CallerCheck));
        }
        foreach (var name in new[] { "func-orders.azurewebsites.net", "0.0.0.0:7071", "localhost.example.org", "10.0.0.4" })
        {
            settings["WEBSITE_HOSTNAME"] = name;
            Assert.Contains(name, Assert.Throws<InvalidOperationException>(() => Run(app, settings)).Message, StringComparison.Ordinal);
        }
    }

    [Theory, MemberData(nameof(Required))]
    public void A_setting_that_is_missing_is_named_at_the_start(string app, string setting)
    {
        var settings = Settings(app);
        Assert.True(settings.Remove(setting));

        var e = Assert.Throws<InvalidOperationException>(() => Run(app, settings));

        Assert.Contains(setting, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OrdersApp"), InlineData("InventoryApp"), InlineData("ShippingApp")]
    public void Outside_a_developers_machine_an_app_with_HTTP_must_know_which_tokens_to_accept(string app)
    {
        var settings = Settings(app);
        settings["AZURE_FUNCTIONS_ENVIRONMENT"] = "Production";
        Assert.Contains("Authentication__TenantId", Assert.Throws<InvalidOperationException>(() => Run(app, settings)).Message, StringComparison.Ordinal);

        settings["Authentication__TenantId"] = "tenant";
        Assert.Contains("Authentication__Audience", Assert.Throws<InvalidOperationException>(() => Run(app, settings)).Message, StringComparison.Ordinal);

        settings["Authentication__Audience"] = "audience";
        Assert.Contains(Run(app, settings), service => service.ServiceType == typeof(CallerCheck));
    }

    [Theory]
    [InlineData("PaymentsApp", "CardProvider", nameof(HttpCardProvider))]
    [InlineData("ShippingApp", "Carrier", nameof(HttpCarrier))]
    [InlineData("NotificationsApp", "Notifier", nameof(HttpNotifier))]
    public void A_provider_over_HTTP_needs_an_address_and_a_key(string app, string section, string provider)
    {
        var settings = Settings(app);
        settings[$"{section}__Mode"] = "http";
        Assert.Contains($"{section}__BaseAddress", Assert.Throws<InvalidOperationException>(() => Run(app, settings)).Message, StringComparison.Ordinal);

        settings[$"{section}__BaseAddress"] = "https://provider.example/v1/";
        Assert.Contains($"{section}__ApiKey", Assert.Throws<InvalidOperationException>(() => Run(app, settings)).Message, StringComparison.Ordinal);

        settings[$"{section}__ApiKey"] = "key";
        using var services = Run(app, settings).BuildServiceProvider();
        var port = typeof(ICardProvider).Assembly.GetType($"OrderFunctions.Runtime.I{provider[4..]}")!;
        Assert.Equal(provider, services.GetRequiredService(port).GetType().Name);
    }

    [Fact]
    public void A_simulated_carrier_needs_no_secret_and_a_real_one_does()
    {
        var settings = Settings("ShippingApp");
        settings.Remove("Carrier__WebhookSecret");
        Run("ShippingApp", settings);

        settings["Carrier__Mode"] = "http";
        settings["Carrier__BaseAddress"] = "https://carrier.example/";
        settings["Carrier__ApiKey"] = "key";
        Assert.Contains("Carrier__WebhookSecret", Assert.Throws<InvalidOperationException>(() => Run("ShippingApp", settings)).Message,
            StringComparison.Ordinal);
    }

    static string Name(Type functions) => functions.Namespace!.Split('.')[^1];

    static string ParticipantOf(string app) => app[..^"App".Length].ToLowerInvariant();

    static Dictionary<string, string> Settings(string app) =>
        new(AppSettings.Of(ParticipantOf(app), new("Endpoint=sb://localhost", "http://localhost:8081/", "storage")))
        {
            // As the Core Tools say to the apps that they start.
            ["AZURE_FUNCTIONS_ENVIRONMENT"] = "Development",
        };

    static IServiceCollection Run(string app, Dictionary<string, string> settings)
    {
        var program = Apps.Single(type => Name(type) == app).Assembly.EntryPoint!;
        string[] arguments = [.. settings.Select(setting => $"--{setting.Key.Replace("__", ":", StringComparison.Ordinal)}={setting.Value}")];
        using var building = new Building();
        try
        {
            program.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [arguments], null);
        }
        catch (Building.StopException)
        {
        }
        return building.Services ?? throw new InvalidOperationException("The program never built its host.");
    }

    /// <summary>
    /// Listens to what the hosting library says when a host is about to be built, takes down the services, and ends the program there.
    /// </summary>
    sealed class Building : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
    {
        // Tests run side by side: only what this flow of execution builds is ours.
        static readonly AsyncLocal<Building?> Current = new();
        readonly List<IDisposable> subscriptions = [];

        public Building()
        {
            Current.Value = this;
            subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));
        }

        public IServiceCollection? Services { get; private set; }

        public void OnNext(DiagnosticListener listener)
        {
            if (listener.Name == "Microsoft.Extensions.Hosting")
                subscriptions.Add(listener.Subscribe(this));
        }

        public void OnNext(KeyValuePair<string, object?> told)
        {
            if (told is { Key: "HostBuilding", Value: IHostBuilder host } && Current.Value == this)
                host.ConfigureServices(services =>
                {
                    Services = services;
                    throw new StopException();
                });
        }

        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void Dispose() => subscriptions.ForEach(subscription => subscription.Dispose());

        public sealed class StopException : Exception;
    }
}
