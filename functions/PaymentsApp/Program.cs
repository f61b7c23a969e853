using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrderFunctions.Hosting;
using OrderFunctions.Providers;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

var builder = FunctionsApplication.CreateBuilder(args);
builder.Services.AddCardProvider(builder.Configuration);
builder.AddParticipant(Participants.Payments, services => Intents.On(services.GetRequiredService<ICardProvider>()));
await builder.Build().RunAsync();
