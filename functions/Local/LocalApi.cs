using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OrderFunctions.Http;

namespace OrderFunctions.Local;

/// <summary>
/// What the operations page can do only here: see changes as they happen, see stock and what customers were told, compare the saga with the
/// books of the simulated providers, end an outage of the card provider.
/// </summary>
static class LocalApi
{
    const int SkusShown = 20;

    /// <summary>The operations page with the local host's own parts.</summary>
    public static Page Page(string? traceLink) => new(Read("local.html"), Read("local.js"), traceLink: traceLink);

    public static void MapLocal(
        this IEndpointRouteBuilder app, LocalSaga saga, DurableAnswers answers, TimeProvider time, CancellationToken stopping)
    {
        app.MapGet("api/operations/events", new Live(saga.Lists, time, stopping).ServeAsync);
        Map(HttpMethods.Get, "api/local/stock", async request =>
            Json(await saga.Stock.HottestAsync(Sku(request), SkusShown, request.HttpContext.RequestAborted)));
        Map(HttpMethods.Get, "api/local/audit", async _ => Json(await saga.Audit.RunAsync()));
        Map(HttpMethods.Get, "api/local/orders/{id}/notices", async request =>
            Json(await saga.Notifier.NoticesAsync(request.RouteValues["id"] as string ?? "")));
        Map(HttpMethods.Get, "api/local/card-outage", async _ => Json(new CardOutage(await saga.Cards.IsOutAsync())));
        Map(HttpMethods.Put, "api/local/card-outage", async request =>
        {
            using var body = await JsonBody.ReadAsync(request, Limits.BodyBytesMax);
            var errors = new ValidationErrors();
            var isOn = Field.Root(body, errors, "isOn")["isOn"].RequiredFlag();
            errors.ThrowIfAny();
            await saga.Cards.SetOutageAsync(isOn);
            return Json(new CardOutage(isOn));
        });

        void Map(string method, string path, Func<HttpRequest, Task<IResult>> answer)
        {
            app.MapMethods(path, [method], ServeAsync);

            async Task ServeAsync(HttpContext context)
            {
                var request = context.Request;
                await (await answers.OfAsync(request, () => request.AnswerAsync(() => answer(request)))).ExecuteAsync(context);
            }
        }
    }

    /// <summary>What the SKUs that are asked for contain; empty for all.</summary>
    static string Sku(HttpRequest request)
    {
        var query = new Query(request);
        var sku = query.Text("sku", Limits.SkuLength);
        query.ThrowIfAny();
        return sku ?? "";
    }

    static string Read(string file)
    {
        using var content = typeof(LocalApi).Assembly.GetManifestResourceStream($"Page/{file}")
            ?? throw new InvalidOperationException($"{file} is not embedded.");
        using var reader = new StreamReader(content);
        return reader.ReadToEnd();
    }

    static IResult Json<T>(T body) => Results.Json(body, JsonSerializerOptions.Web);

    /// <summary>Whether the simulated card provider is down for <c>tok_down</c>.</summary>
    sealed record CardOutage(bool IsOn);
}
