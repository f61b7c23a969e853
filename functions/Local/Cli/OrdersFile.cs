using System.Buffers;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using OrderFunctions.Http;

namespace OrderFunctions.Local.Cli;

/// <summary>
/// A file of orders and cancellations, one JSON object per line, plain or gzip. <c>functions/Local/sample/README.md</c> describes a line.
/// </summary>
public sealed class OrdersFile(string path)
{
    /// <summary>An order's body may have this many bytes; no line needs more characters.</summary>
    const int LineLengthMax = Limits.OrderBytesMax;

    /// <summary>One after the other. A few kilobytes may unpack to gigabytes of them.</summary>
    const int BlankLinesMax = 1_000;

    /// <summary>
    /// Yields every line that is not blank, in order; one that cannot be used says why. Ends at the first that no file of orders has.
    /// </summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public async IAsyncEnumerable<OrdersFileLine> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var file = Open();
        await using Stream content = await IsGzipAsync(file, cancellation) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(content, Encoding.UTF8);
        var (number, blank) = (0, 0);
        await foreach (var line in LinesAsync(reader, cancellation))
        {
            number++;
            blank = string.IsNullOrWhiteSpace(line) ? blank + 1 : 0;
            if (line.Length > LineLengthMax || blank > BlankLinesMax)
            {
                var wrong = line.Length > LineLengthMax
                    ? $"it has more than {LineLengthMax} characters"
                    : $"before it are {BlankLinesMax} blank lines";
                yield return new(number) { Error = $"{wrong}; the rest of the file is not read" };
                yield break;
            }
            if (blank == 0)
                yield return Parse(number, line);
        }
    }

    /// <summary>Reads the whole file before anything is done with it.</summary>
    /// <exception cref="IOException">It cannot be read; the message says why.</exception>
    public async Task<Survey> SurveyAsync(CancellationToken cancellation)
    {
        var (lines, orders, skus) = (0, 0, new HashSet<string>(StringComparer.Ordinal));
        await foreach (var line in ReadAsync(cancellation))
        {
            lines++;
            orders += line.Key is null ? 0 : 1;
            skus.UnionWith(line.Skus);
        }
        return new(lines, orders, skus);
    }

    FileStream Open()
    {
        if (Directory.Exists(path))
            throw new IOException($"{path} is a folder; --orders takes a file.");
        if (!File.Exists(path))
            throw new IOException($"There is no file {path}.");
        FileStream file;
        try
        {
            file = File.OpenRead(path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"{path} may not be read by this user.", e);
        }
        if (file.CanSeek)
            return file;
        file.Dispose();
        throw new IOException($"{path} cannot be read twice, as --orders needs; save it as a file.");
    }

    /// <summary>Reads no more of a line than is needed to see that it is too long.</summary>
    async IAsyncEnumerable<string> LinesAsync(StreamReader reader, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var (buffer, line) = (new char[16 * 1024], new StringBuilder());
        while (await FillAsync(reader, buffer, cancellation) is > 0 and var count)
        {
            var rest = buffer.AsMemory(0, count);
            for (var end = rest.Span.IndexOf('\n'); end >= 0; end = rest.Span.IndexOf('\n'))
            {
                yield return line.Append(rest[..end]).ToString().TrimEnd('\r');
                line.Clear();
                rest = rest[(end + 1)..];
            }
            line.Append(rest);
            if (line.Length > LineLengthMax)
                break;
        }
        if (line.Length > 0)
            yield return line.ToString();
    }

    async Task<int> FillAsync(StreamReader reader, char[] buffer, CancellationToken cancellation)
    {
        try
        {
            return await reader.ReadAsync(buffer, cancellation);
        }
        catch (InvalidDataException e)
        {
            throw new IOException($"{path} is damaged, or not all of it is there: {e.Message}", e);
        }
    }

    static async Task<bool> IsGzipAsync(FileStream file, CancellationToken cancellation)
    {
        var magic = new byte[2];
        var isGzip = await file.ReadAtLeastAsync(magic, 2, throwOnEndOfStream: false, cancellation) == 2 && magic is [0x1f, 0x8b];
        file.Position = 0;
        return isGzip;
    }

    static OrdersFileLine Parse(int number, string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var root = json.RootElement;
            if (root.ValueKind is not JsonValueKind.Object)
                return new(number) { Error = "it is not a JSON object" };
            if (Text(root, "cancel") is { } cancelled)
                return new(number) { Cancels = cancelled };
            return Text(root, "key") is { } key
                ? new(number) { Key = key, Body = Body(root), Skus = [.. Skus(root)] }
                : new(number) { Error = "it has neither a \"key\" nor a \"cancel\"" };
        }
        catch (JsonException e)
        {
            return new(number) { Error = $"it is not JSON: {e.Message}" };
        }
    }

    static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : null;

    /// <summary>The line without its key, which goes into a header: the API refuses fields that it does not know.</summary>
    static byte[] Body(JsonElement root)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            foreach (var field in root.EnumerateObject())
            {
                if (!field.NameEquals("key"))
                    field.WriteTo(json);
            }
            json.WriteEndObject();
        }
        return body.WrittenSpan.ToArray();
    }

    /// <summary>All that can be read: validating the order is the API's job.</summary>
    static IEnumerable<string> Skus(JsonElement root)
    {
        if (!root.TryGetProperty("lines", out var lines) || lines.ValueKind is not JsonValueKind.Array)
            return [];
        return
            from line in lines.EnumerateArray()
            where line.ValueKind is JsonValueKind.Object
            let sku = Text(line, "sku")
            where sku is not null
            select sku;
    }
}

/// <summary>One line: an order, a cancellation of an earlier order, or an error.</summary>
public sealed record OrdersFileLine(int Number)
{
    public string? Key { get; init; }
    public byte[] Body { get; init; } = [];
    public IReadOnlyList<string> Skus { get; init; } = [];
    public string? Cancels { get; init; }
    public string? Error { get; init; }
}

/// <param name="Lines">That are not blank.</param>
/// <param name="Orders">Lines that place an order.</param>
/// <param name="Skus">Of all orders.</param>
public sealed record Survey(int Lines, int Orders, IReadOnlySet<string> Skus);
