using Microsoft.AspNetCore.Http;

namespace OrderFunctions.Http;

/// <summary>openapi.json, which is written by hand and compared with the code by a test.</summary>
public static class OpenApi
{
    public static readonly IResult Document = Results.Bytes(Read(), "application/json");

    static byte[] Read()
    {
        using var file = typeof(OpenApi).Assembly.GetManifestResourceStream("openapi.json")
            ?? throw new InvalidOperationException("openapi.json is not embedded.");
        using var bytes = new MemoryStream();
        file.CopyTo(bytes);
        return bytes.ToArray();
    }
}
