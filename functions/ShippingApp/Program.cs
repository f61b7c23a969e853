using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrderFunctions.Hosting;
using OrderFunctions.Http;
using OrderFunctions.Providers;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
builder.UseCallerCheck();
var carrier = CarrierOptions.From(builder.Configuration);
builder.Services.AddCarrier(carrier, services => (orderId, trackingId, cancellation) =>
    services.GetRequiredService<IEventBus>().ReportPickUpAsync(orderId, eventId: trackingId, trackingId, cancellation));
builder.Services.AddSingleton(services => new CarrierSignature(
    carrier.WebhookSecret!, services.GetRequiredService<TimeProvider>(), carrier.WebhookTolerance,
    services.GetRequiredService<ILogger<CarrierSignature>>()));
builder.Services.AddSingleton<CarrierEventsApi>();
builder.AddParticipant(Participants.Shipping, services => Intents.On(services.GetRequiredService<ICarrier>()));
await builder.Build().RunAsync();
