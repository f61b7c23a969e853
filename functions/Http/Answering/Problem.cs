using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace OrderFunctions.Http;

/// <summary>An answer that says what is wrong: problem details of RFC 9457. Its title is the reason phrase of the status.</summary>
/// <param name="Detail">For a person. It never repeats what was sent, which may hold a card token.</param>
/// <param name="Errors">What is wrong with each field, by its path in the body (<c>lines[3].quantity</c>) or its name.</param>
public sealed record Problem(string Title, int Status, string Detail, IReadOnlyDictionary<string, string[]>? Errors = null)
    : IResult, IStatusCodeHttpResult
{
    /// <summary>For answers 503.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    public static Problem Of(int status, string detail, IReadOnlyDictionary<string, string[]>? errors = null) =>
        new(ReasonPhrases.GetReasonPhrase(status), status, detail, errors);

    /// <summary>For an answer that so far is nothing but a status.</summary>
    public static Problem Of(HttpResponse response) => Of(response.StatusCode, response.StatusCode switch
    {
        StatusCodes.Status404NotFound => "There is nothing at this path. See /openapi.json.",
        StatusCodes.Status405MethodNotAllowed => $"This path allows {response.Headers.Allow} only.",
        _ => "The request was not handled.",
    });

    public static Problem NotFound(string detail) => Of(StatusCodes.Status404NotFound, detail);

    public static Problem Conflict(string detail) => Of(StatusCodes.Status409Conflict, detail);

    public static Problem Forbidden(string detail) => Of(StatusCodes.Status403Forbidden, detail);

    public static readonly Problem Unavailable = Of(
        StatusCodes.Status503ServiceUnavailable,
        "A service that this needs is busy or unavailable. Send the same request again; an order needs its Idempotency-Key for that.");

    int? IStatusCodeHttpResult.StatusCode => Status;

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        if (Status is StatusCodes.Status503ServiceUnavailable)
            response.Headers.RetryAfter = RetryAfter.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        return response.WriteAsync(Status, "application/problem+json", JsonSerializer.SerializeToUtf8Bytes(this, Bodies.Json.Problem));
    }
}

/// <summary>Ends a request with a problem. Nothing was stored.</summary>
sealed class ProblemException(Problem problem) : Exception(problem.Detail)
{
    public Problem Problem => problem;

    public static ProblemException Of(int status, string detail) => new(Problem.Of(status, detail));
}
