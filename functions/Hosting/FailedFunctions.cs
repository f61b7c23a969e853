using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using OrderFunctions.Runtime;

namespace OrderFunctions.Hosting;

/// <summary>
/// Counts calls of functions that throw or answer 5xx. The host reports such calls as failed requests, but only for the share of traces
/// that is sent.
/// </summary>
public sealed class FailedFunctions : IFunctionsWorkerMiddleware
{
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (Exception)
        {
            Count(context);
            throw;
        }
        if (context.GetInvocationResult().Value is IStatusCodeHttpResult { StatusCode: >= StatusCodes.Status500InternalServerError } answer)
        {
            Activity.Current?.SetStatus(ActivityStatusCode.Error, $"Status {answer.StatusCode}");
            Count(context);
        }
    }

    static void Count(FunctionContext context) =>
        Telemetry.FunctionsFailed.Add(1, new KeyValuePair<string, object?>("function", context.FunctionDefinition.Name));
}
