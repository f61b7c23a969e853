using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrderFunctions.Hosting;
using OrderFunctions.Http;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
var authentication = builder.UseCallerCheck();
var traceLink = builder.Configuration[Page.TraceLinkSetting];
var page = authentication is null
    ? new Page(traceLink: traceLink)
    : Page.WithSignIn(authentication.Audience, authentication.Tenant, traceLink);
builder.Services.AddSingleton(page).AddSingleton<OrdersApi>().AddSingleton<OperationsApi>().AddSingleton<Gauges>();
builder.AddParticipant(Participants.Orders, _ => Intents.Nothing);
await builder.Build().RunAsync();
