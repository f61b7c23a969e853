using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OrderFunctions.Http;

namespace OrderFunctions.Local;

/// <summary>What the operations page can do only here: see changes as they happen, see stock, end an outage of the card provider.</summary>
static class LocalApi
{
    const int SkusShown = 20;

    /// <summary>The operations page with the local host's own parts.</summary>
    public static Page Page { get; } = new(Read("local.html"), Read("local.js"));

    public static void MapLocal(this IEndpointRouteBuilder app, LocalSaga saga, TimeProvider time, CancellationToken stopping)
    {
        app.MapGet("api/operations/events", new Live(saga.Lists, time, stopping).ServeAsync);
        app.MapGet("api/local/stock", async (CancellationToken cancellation) =>
            Answer(await saga.Stock.HottestAsync(SkusShown, cancellation)));
        app.MapGet("api/local/card-outage", async () => Answer(new CardOutage(await saga.Cards.IsOutAsync())));
        app.MapPut("api/local/card-outage", async (HttpRequest request) =>
        {
            if (!request.HasJsonContentType())
                return Results.Problem("The body must be JSON.", statusCode: StatusCodes.Status415UnsupportedMediaType);
            try
            {
                var outage = await request.ReadFromJsonAsync<CardOutage>(JsonSerializerOptions.Web, request.HttpContext.RequestAborted);
                await saga.Cards.SetOutageAsync(outage!.IsOn);
                return Answer(outage);
            }
            catch (JsonException)
            {
                const string detail = """The body must be { "isOn": true } or { "isOn": false }.""";
                return Results.Problem(detail, statusCode: StatusCodes.Status400BadRequest);
            }
        });
    }

    static string Read(string file)
    {
        using var content = typeof(LocalApi).Assembly.GetManifestResourceStream($"Page/{file}")
            ?? throw new InvalidOperationException($"{file} is not embedded.");
        using var reader = new StreamReader(content);
        return reader.ReadToEnd();
    }

    static IResult Answer<T>(T body) => Results.Json(body, JsonSerializerOptions.Web);

    /// <summary>Whether the simulated card provider is down for <c>tok_down</c>.</summary>
    sealed record CardOutage([property: System.Text.Json.Serialization.JsonRequired] bool IsOn);
}
