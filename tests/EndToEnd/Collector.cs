using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace OrderFunctions.EndToEnd;

/// <summary>Stands where an OpenTelemetry collector would: keeps every POST. Text in the body stays readable.</summary>
sealed partial class Collector : IDisposable
{
    readonly HttpListener listener = new();
    readonly ConcurrentQueue<(string Path, string Body)> posts = new();

    public Collector()
    {
        Address = $"http://127.0.0.1:{FreePort()}/";
        listener.Prefixes.Add(Address);
        listener.Start();
        _ = AnswerAsync();
    }

    public string Address { get; }

    public string Received(string path) => string.Concat(posts.Where(post => post.Path == path).Select(post => post.Body));

    /// <summary>The ids of the traces that have a span with this text in it, such as an order's id.</summary>
    public IEnumerable<string> TracesOf(string text)
    {
        var all = Received("/v1/traces");
        var spans = SpanStart().Matches(all);
        return spans.Zip(spans.Skip(1).Select(span => span.Index).Append(all.Length))
            .Where(span => all[span.First.Index..span.Second].Contains(text, StringComparison.Ordinal))
            .Select(span => Convert.ToHexStringLower(Encoding.Latin1.GetBytes(span.First.Groups[1].Value))).Distinct();
    }

    public void Dispose() => listener.Close();

    async Task AnswerAsync()
    {
        try
        {
            while (true)
            {
                var call = await listener.GetContextAsync();
                using var reader = new StreamReader(call.Request.InputStream, Encoding.Latin1);
                posts.Enqueue((call.Request.Url!.AbsolutePath, await reader.ReadToEndAsync()));
                call.Response.ContentType = "application/x-protobuf";
                call.Response.Close();
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // The listener was closed.
        }
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>A span's first two fields: its trace (16 bytes) and its own id (8 bytes).</summary>
    [GeneratedRegex("\\x0a\\x10(.{16})\\x12\\x08.{8}", RegexOptions.Singleline)]
    private static partial Regex SpanStart();
}
