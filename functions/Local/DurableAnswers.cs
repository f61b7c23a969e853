using Microsoft.AspNetCore.Builder;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local;

/// <summary>
/// No answer leaves the process before everything that it can tell of is on disk, reads included: turns run ahead of the disk, and a crash
/// takes back what was not written yet.
/// </summary>
static class DurableAnswers
{
    public static void UseDurableAnswers(this IApplicationBuilder app, Database database) => app.Use((context, next) =>
    {
        context.Response.OnStarting(async () =>
        {
            try
            {
                await database.CommittedAsync();
            }
            catch (TransientException)
            {
                // The file can no longer be written. No answer is better than one that may prove wrong: the caller asks again.
                context.Abort();
            }
        });
        return next(context);
    });
}
