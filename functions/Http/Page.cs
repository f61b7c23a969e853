using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace OrderFunctions.Http;

/// <summary>
/// The operations page: one answer without data, put together from the files in Page/. It loads nothing from anywhere else, and its security policy lets
/// no other script run in it.
/// </summary>
sealed partial class Page : IResult, IStatusCodeHttpResult
{
    public static readonly Page Instance = new();

    readonly byte[] html;
    readonly string policy;
    readonly EntityTagHeaderValue tag;

    Page()
    {
        var (style, script) = (new StringBuilder(), new StringBuilder("'use strict';\n"));
        var text = Read("page.html");
        text = Stylesheet().Replace(text, link => Collect(style, link));
        text = Script().Replace(text, link => Collect(script, link));
        text = text.Replace("</head>", $"<style>{style}</style>\n<script type=\"module\">{script}</script>\n</head>", StringComparison.Ordinal);
        html = Encoding.UTF8.GetBytes(text);
        tag = new($"\"{Convert.ToHexStringLower(SHA256.HashData(html).AsSpan(0, 12))}\"", isWeak: true);
        policy = $"default-src 'none'; style-src '{Hash(style)}'; script-src '{Hash(script)}'; connect-src 'self'; img-src data:; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    }

    public int? StatusCode => StatusCodes.Status200OK;

    /// <summary>Whether a browser asks, for a person to read.</summary>
    public static bool IsWantedBy(HttpRequest request)
    {
        request.HttpContext.Response.Headers.Append(HeaderNames.Vary, HeaderNames.Accept);
        return request.GetTypedHeaders().Accept.Any(type => type.MediaType == "text/html");
    }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var headers = httpContext.Response.Headers;
        headers.ETag = tag.ToString();
        headers.CacheControl = "no-cache";
        headers.ContentSecurityPolicy = policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        if (httpContext.Request.GetTypedHeaders().IfNoneMatch.Any(known => known.Compare(tag, useStrongComparison: false)))
        {
            httpContext.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }
        return httpContext.Response.WriteAsync(StatusCodes.Status200OK, "text/html; charset=utf-8", html);
    }

    /// <summary>The page names its files as links; they go out with it.</summary>
    static string Collect(StringBuilder all, Match link)
    {
        all.Append(Read(link.Groups["file"].Value)).Append('\n');
        return "";
    }

    static string Hash(StringBuilder text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))}";

    static string Read(string file)
    {
        using var content = typeof(Page).Assembly.GetManifestResourceStream($"Page/{file}") ?? throw new InvalidOperationException($"{file} is not embedded.");
        using var reader = new StreamReader(content, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    [GeneratedRegex("""<link rel="stylesheet" href="(?<file>[a-z]+\.css)">\s*""")]
    private static partial Regex Stylesheet();

    [GeneratedRegex("""<script src="(?<file>[a-z]+\.js)"></script>\s*""")]
    private static partial Regex Script();
}
