using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Data.Sqlite;
using OrderFunctions.Http;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local;

/// <summary>
/// For whatever watches over the process: <c>/health/live</c> says that it runs, <c>/health/ready</c> that it can take orders and carry
/// them on. A host that is not ready recovers by itself once its disk does, so only one that is not alive should be started again.
/// </summary>
static class Health
{
    /// <summary>What takes longer counts as failed: who asks waits a few seconds at most.</summary>
    static readonly TimeSpan CheckMax = TimeSpan.FromSeconds(2);

    const string Ok = "ok";

    public static void MapHealth(this IEndpointRouteBuilder app, LocalSaga saga)
    {
        string[] methods = [HttpMethods.Get, HttpMethods.Head];
        app.MapMethods("health/live", methods, context => AnswerAsync(context, isHealthy: true, new("alive", null)));
        app.MapMethods("health/ready", methods, (RequestDelegate)ReadyAsync);

        async Task ReadyAsync(HttpContext context)
        {
            var checks = new Dictionary<string, string>
            {
                ["writer"] = await CheckAsync(() => saga.Database.CommittedAsync(unlessDiskFails: true)),
                ["bus"] = saga.IsHandling ? Ok : "no messages are handled",
                ["store"] = await CheckAsync(() => saga.Database.ReadAsync(connection => connection.Pragma("user_version"))),
            };
            var isReady = checks.Values.All(check => check is Ok);
            await AnswerAsync(context, isReady, new(isReady ? "ready" : "not ready", checks));
        }
    }

    static async Task<string> CheckAsync(Func<Task> check)
    {
        try
        {
            await check().WaitAsync(CheckMax);
            return Ok;
        }
        catch (Exception e) when (e is TransientException or SqliteException or TimeoutException)
        {
            return e.Message;
        }
    }

    static Task AnswerAsync(HttpContext context, bool isHealthy, HealthBody body)
    {
        if (!isHealthy)
            context.Response.Headers.RetryAfter = Problem.RetryAfter.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        var status = isHealthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        var json = JsonSerializer.SerializeToUtf8Bytes(body, JsonSerializerOptions.Web);
        return context.Response.WriteAsync(status, "application/json", json);
    }

    /// <param name="Checks">What is wrong with each part, or "ok".</param>
    sealed record HealthBody(string Status, IReadOnlyDictionary<string, string>? Checks);
}
