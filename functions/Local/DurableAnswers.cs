using Microsoft.AspNetCore.Http;
using OrderFunctions.Http;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local;

/// <summary>
/// No answer leaves the process before everything that it can tell of is on disk, reads included: turns run ahead of the disk, and a crash
/// takes back what was not written yet. While the disk fails, reads are answered with what is on it and everything else with 503; so is
/// what would change something while the host stops.
/// </summary>
sealed class DurableAnswers(Database database, CancellationToken stopping)
{
    /// <param name="request">What is answered.</param>
    /// <param name="answer">Makes the answer; called again where the disk begins to fail meanwhile.</param>
    public async Task<IResult> OfAsync(HttpRequest request, Func<Task<IResult>> answer)
    {
        var isRead = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
        if (!isRead && (database.DiskFails || stopping.IsCancellationRequested))
            return Problem.Unavailable;
        while (true)
        {
            var diskFailed = database.DiskFails;
            var result = await answer();
            if (diskFailed && database.DiskFails)
                return result;
            try
            {
                await database.CommittedAsync(unlessDiskFails: true);
                return result;
            }
            catch (TransientException)
            {
                // What it tells of may be in memory only. A change that was made may still be written, so the caller is to ask again.
                if (!isRead || !database.DiskFails)
                    return Problem.Unavailable;
            }
        }
    }
}
