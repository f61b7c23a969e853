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
        if (context.GetHttpContext() is not { } http)
        {
            await next(context);
            return;
        }

        var roles = ByFunction[context.FunctionDefinition.Name].RolesFor(http.Request);
        if (!roles.IsEmpty)
        {
            ClaimsIdentity? caller;
            try
            {
                caller = await tokens.ReadAsync(http.Request.Headers.Authorization, context.CancellationToken);
            }
            catch (TransientException)
            {
                http.Response.Headers.RetryAfter = Problem.RetryAfterSeconds;
                await RefuseAsync(http, StatusCodes.Status503ServiceUnavailable, "Your token cannot be checked at the moment.");
                return;
            }
            if (caller is null)
            {
                http.Response.Headers.WWWAuthenticate = "Bearer";
                await RefuseAsync(http, StatusCodes.Status401Unauthorized, "A valid access token is needed.");
                return;
            }
            http.User = new ClaimsPrincipal(caller);
            if (!roles.Any(http.User.IsInRole))
            {
                await RefuseAsync(http, StatusCodes.Status403Forbidden, $"This needs the role {string.Join(" or ", roles)}.");
                return;
            }
        }
        await next(context);
    }

    static Task RefuseAsync(HttpContext http, int status, string detail) => Results.Problem(detail, statusCode: status).ExecuteAsync(http);
}

public static class CallerCheckSetup
{
    /// <summary>Checks the callers of all HTTP functions, as <see cref="Routes"/> says who may call what.</summary>
    /// <exception cref="InvalidOperationException">A setting is missing; the message names it.</exception>
    public static void UseCallerCheck(this FunctionsApplicationBuilder builder)
    {
        if (AuthenticationOptions.From(builder.Configuration) is not { } options)
            return;
        builder.Services.AddSingleton(new EntraTokens(options));
        builder.UseMiddleware<CallerCheck>();
    }
}
