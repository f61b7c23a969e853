using Microsoft.AspNetCore.Http;

namespace OrderFunctions.Http;

/// <summary>openapi.json, which is written by hand and compared with the code by a test.</summary>
public sealed class OpenApi : IResult, IStatusCodeHttpResult
{
    public static readonly IResult Document = new OpenApi();

    readonly byte[] json = Read();

    public int? StatusCode => StatusCodes.Status200OK;

    public Task ExecuteAsync(HttpContext httpContext) => httpContext.Response.WriteAsync(StatusCodes.Status200OK, "application/json", json);

    static byte[] Read()
    {
        using var file = typeof(OpenApi).Assembly.GetManifestResourceStream("openapi.json")
            ?? throw new InvalidOperationException("openapi.json is not embedded.");
        using var bytes = new MemoryStream();
        file.CopyTo(bytes);
        return bytes.ToArray();
    }
}
