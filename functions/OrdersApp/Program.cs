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
builder.Services.AddSingleton(new Page()).AddSingleton<OrdersApi>().AddSingleton<OperationsApi>().AddSingleton<Gauges>();
builder.AddParticipant(Participants.Orders, _ => Intents.Nothing);
await builder.Build().RunAsync();
