using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrderFunctions.Hosting;
using OrderFunctions.Http;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
builder.UseCallerCheck();
builder.Services.AddSingleton<StockApi>();
builder.AddParticipant(Participants.Inventory, services => Intents.On(services.GetRequiredService<IStock>()));
await builder.Build().RunAsync();
