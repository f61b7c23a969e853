using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrderFunctions.Hosting;
using OrderFunctions.Providers;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

var builder = FunctionsApplication.CreateBuilder(args);
builder.Services.AddNotifier(builder.Configuration);
builder.AddParticipant(Participants.Notifications, services => Intents.On(services.GetRequiredService<INotifier>()));
await builder.Build().RunAsync();
