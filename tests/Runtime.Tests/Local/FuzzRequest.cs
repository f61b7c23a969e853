using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using OrderFunctions.Http;

namespace OrderFunctions.Local.Tests;

/// <summary>
/// A request of the API as bytes on the wire, valid at first and then damaged: in its JSON, its bytes, its headers, its path or its length.
/// </summary>
/// <param name="orderIds">Of orders that exist.</param>
sealed class FuzzRequest(Random random, IReadOnlyList<string> orderIds)
{
    static readonly CarrierSignature Carrier = new("local", TimeProvider.System);

    static readonly (string Method, string Path)[] Calls =
    [
        .. Routes.All.Select(route => (route.Method, "/" + (route.Path == Paths.Page ? "" : route.Path))),
        ("GET", "/api/local/stock"), ("GET", "/api/local/card-outage"), ("PUT", "/api/local/card-outage"),
        ("PUT", "/api/local/card-outage"), ("GET", "/api/operations/events"),
    ];

    static readonly string[] Values =
    [
        "null", "true", "[]", "{}", "\"\"", "\" \"", "0", "-1", "1.5", "1e400", "-1e-400", "9223372036854775808", "79228162514264337593543950336",
        "\"\\ud83c\"", "\"\\u0000\"", "\"\uffff\"", "\"tok_down\"", "\"..\"", "\"a/b\"", "\"%2f\"", "[[[[]]]]", "{\"\":null}", "\"0001-01-01\"",
    ];

    static readonly string[] Bodies = ["null", "", " ", "[]", "1", "\"x\"", "{}", "{", "\u00ff", "{}{}", "[null]", "nul", "{\"isOn\":null}"];

    static readonly string[] ContentTypes =
    [
        "application/json; charset=\"utf-8\"", "application/json; charset=\"\"", "application/json; charset=\"utf-16\"",
        "application/json; charset=none", "application/json;;", "application/problem+json", "text/plain", "application/json; charset=",
        "application/json; charset=utf-8; charset=\"x", "/", "*/*", "application/json, text/html", "\"", "a/b; c=\u00e9",
    ];

    static readonly string[] HeaderNames =
    [
        "Idempotency-Key", "If-None-Match", "Accept", "Accept-Encoding", "Content-Type", CarrierSignature.Header, "Authorization", "Expect",
        "Transfer-Encoding", "Content-Length", "Content-Encoding", "traceparent", "Range", "Host", "Cookie", "Origin",
    ];

    static readonly string[] HeaderValues =
    [
        "", " ", "\"", "\"\"", "*", "W/\"a\"", "W/", "gzip;q=", "gzip;q=9", "text/html;q=0", ",", ";", "t=,v1=", "t=1,v1=00", "chunked", "-1", "0",
        "18446744073709551616", "100-continue", "\u00e9\u00ff", "bytes=0-", "00-0-0-0", "a\tb", "%00",
    ];

    static readonly string[] Queries =
    [
        "limit", "limit=0", "limit=-1", "limit=99999999999", "after=%00", "after=AAAA", "after=%ff%fe", "after=MQ", "status=", "status=1",
        "status=Placed", "text=%25", "text='", "text=%ed%a0%80", "parked=true", "parked=1", "parked&parked", "=", "&&", "%", "warehouse=..",
    ];

    static readonly string[] Segments = ["..", "%2f", "%00", "%", "%ff", "a", "%e2%80%ae", "0", "%5c", "+", "%20", "{id}", "~", "\u00fc"];

    /// <summary>Not whole if the host would wait for the rest of it.</summary>
    public (byte[] Bytes, bool IsWhole) Next()
    {
        var (method, path) = Pick(Calls);
        if (One(30))
            method = Pick(["HEAD", "DELETE", "PATCH", "OPTIONS", "TRACE", "X"]);
        var body = method is "POST" or "PUT" ? Damaged(Body(path)) : One(20) ? "{}"u8.ToArray() : [];
        var length = One(25) ? Math.Max(0, body.Length + random.Next(-3, 4)) : body.Length;
        var target = Target(path);
        var headers = new List<string> { "Host: 127.0.0.1", "Connection: close" };
        if (body.Length > 0 || method is "POST" or "PUT")
        {
            headers.Add($"Content-Type: {(One(5) ? Pick(ContentTypes) : "application/json")}");
            headers.Add($"Content-Length: {length}");
        }
        if (path.EndsWith("carrier-events", StringComparison.Ordinal) && !One(5))
            headers.Add($"{CarrierSignature.Header}: {Carrier.Sign(body)}");
        while (One(3))
            headers.Add($"{Pick(HeaderNames)}: {Pick(HeaderValues)}");
        var head = $"{method} {target} HTTP/1.1\r\n{string.Join("\r\n", headers)}\r\n\r\n";
        byte[] request = [.. Encoding.Latin1.GetBytes(head), .. body];
        if (One(40))
            return (request[..random.Next(1, request.Length)], IsWhole: false);
        return (request, IsWhole: length <= body.Length && !headers.Exists(header => header.Contains("chunked", StringComparison.Ordinal)));
    }

    /// <summary>How it reads in a message, without what cannot be printed.</summary>
    public static string Text(byte[] request) =>
        string.Concat(Encoding.Latin1.GetString(request).Select(c => c is >= ' ' and <= '~' or '\n' ? $"{c}" : $"\\x{(int)c:x2}"));

    string Target(string path)
    {
        var target = path
            .Replace("{id}", orderIds.Count > 0 && !One(4) ? Pick(orderIds) : One(2) ? new string('0', 32) : Pick(Segments), StringComparison.Ordinal)
            .Replace("{sku}", One(2) ? "A" : Pick(Segments), StringComparison.Ordinal);
        if (One(20))
            target += "/" + Pick(Segments);
        if (One(4))
            target += "?" + string.Join('&', Enumerable.Range(0, random.Next(1, 4)).Select(_ => Pick(Queries)));
        return target;
    }

    JsonNode Body(string path) => JsonNode.Parse(path switch
    {
        "/api/orders" => """
            {"customerId":"1","currency":"GBP","lines":[{"sku":"A","description":"a","quantity":1,"unitPrice":2.5}],
            "payment":{"cardToken":"tok_visa"},"shipTo":{"name":"n","line1":"1 High Street","city":"c","postalCode":"E1","country":"GB"}}
            """,
        "/api/stock/{sku}" => $$"""{"received":{{random.Next(1_000).ToString(CultureInfo.InvariantCulture)}}}""",
        "/api/carrier-events" => $$"""{"eventId":"e{{random.Next(9)}}","orderId":"{{Order}}","type":"picked-up","trackingId":"t"}""",
        "/api/operations/replay" => $$"""{"orderIds":["{{Order}}"],"participant":"payments","reason":"Transient"}""",
        "/api/operations/discard" => $$"""{"orderId":"{{Order}}","participant":"payments","messageId":"{{Order}}/inventory/1","reason":"r"}""",
        "/api/local/card-outage" => """{"isOn":true}""",
        _ => """{"reason":"changed my mind"}""",
    })!;

    string Order => orderIds.Count > 0 ? Pick(orderIds) : new('0', 32);

    byte[] Damaged(JsonNode body)
    {
        if (One(6))
            return Encoding.Latin1.GetBytes(Pick(Bodies));
        var text = body.ToJsonString();
        while (One(2))
            text = WithOneValueReplaced(text);
        var bytes = Encoding.UTF8.GetBytes(text);
        if (One(12))
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        if (One(40))
            bytes = [0xEF, 0xBB, 0xBF, .. bytes];
        return One(60) ? Encoding.ASCII.GetBytes(new string('[', random.Next(1, 5_000))) : bytes;
    }

    /// <summary>By text, so that values are possible that no JSON node can hold.</summary>
    string WithOneValueReplaced(string json)
    {
        var starts = Enumerable.Range(0, json.Length).Where(index => json[index] is ':' or '[').ToList();
        if (starts.Count == 0)
            return json;
        var start = Pick(starts) + 1;
        var end = start;
        for (var depth = 0; end < json.Length && (depth > 0 || json[end] is not (',' or '}' or ']')); end++)
            depth += json[end] is '{' or '[' ? 1 : json[end] is '}' or ']' ? -1 : 0;
        return json[..start] + Pick(Values) + json[end..];
    }

    bool One(int of) => random.Next(of) == 0;

    T Pick<T>(IReadOnlyList<T> from) => from[random.Next(from.Count)];
}
