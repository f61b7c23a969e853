using System.Collections.Frozen;
using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrderFunctions.Http;
using OrderFunctions.Runtime;

namespace OrderFunctions.Hosting;

/// <summary>Lets a request through to its function if its Entra ID token has one of the function's roles.</summary>
public sealed class CallerCheck(EntraTokens tokens) : IFunctionsWorkerMiddleware
{
    static readonly FrozenDictionary<string, ApiRoute> ByFunction =
        Routes.All.ToFrozenDictionary(route => route.Name, StringComparer.OrdinalIgnoreCase);

    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        var function = context.FunctionDefinition;
        var http = context.GetHttpContext();
        var isHttp = function.InputBindings.Values.Any(binding => binding.Type.Equals("httpTrigger", StringComparison.OrdinalIgnoreCase));
        if (http is null)
        {
            if (isHttp)
                throw new InvalidOperationException($"{function.Name} has no HTTP request whose caller could be checked.");
            await next(context);
            return;
        }
        if (await RefusalAsync(function.Name, http, context.CancellationToken) is { } problem)
            await problem.ExecuteAsync(http);
        else
            await next(context);
    }

    /// <summary>Null where the request may go on; its user is the caller then.</summary>
    async Task<Problem?> RefusalAsync(string function, HttpContext http, CancellationToken cancellation)
    {
        if (!ByFunction.TryGetValue(function, out var route))
            return Refused(Problem.Forbidden("Nobody may call this."), "it has no entry in the table of routes");
        var roles = route.RolesFor(http.Request);
        if (roles.IsEmpty)
            return null;
        try
        {
            var (caller, why) = await tokens.ReadAsync(http.Request.Headers.Authorization, cancellation);
            if (caller is null)
            {
                http.Response.Headers.WWWAuthenticate = "Bearer";
                return Refused(Problem.Of(StatusCodes.Status401Unauthorized, "A valid access token is needed."), why!);
            }
            http.User = new ClaimsPrincipal(caller);
            return roles.Any(http.User.IsInRole)
                ? null
                : Refused(
                    Problem.Forbidden($"This needs the role {string.Join(" or ", roles)}."),
                    $"{caller.FindFirst("oid")?.Value} by {caller.FindFirst("azp")?.Value} has none of its roles");
        }
        catch (TransientException)
        {
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, "Your token cannot be checked at the moment.");
        }

        Problem Refused(Problem problem, string why)
        {
            Refusals.Note(http, function, problem.Status, why);
            return problem;
        }
    }
}

public static class CallerCheckSetup
{
    /// <summary>Checks the callers of all HTTP functions, as <see cref="Routes"/> says who may call what.</summary>
    /// <returns>Which tokens are accepted; null where callers are not checked.</returns>
    /// <exception cref="InvalidOperationException">A setting is missing; the message names it.</exception>
    public static AuthenticationOptions? UseCallerCheck(this FunctionsApplicationBuilder builder)
    {
        if (AuthenticationOptions.From(builder.Configuration) is not { } options)
            return null;
        builder.Services.AddSingleton(new EntraTokens(options));
        builder.UseMiddleware<CallerCheck>();
        return options;
    }
}
