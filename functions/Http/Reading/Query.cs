using System.Collections.Frozen;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using OrderFunctions.Runtime;

namespace OrderFunctions.Http;

/// <summary>The query parameters of a request, validated as strictly as a body.</summary>
sealed class Query(HttpRequest request)
{
    static readonly FrozenDictionary<string, OrderStatus> Statuses =
        Enum.GetValues<OrderStatus>().ToFrozenDictionary(status => status.ToString(), StringComparer.OrdinalIgnoreCase);

    static readonly string[] TimeForms = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd"];

    readonly ValidationErrors errors = new();

    public string? PageToken => Text("after", Limits.PageTokenLength);

    public int Limit
    {
        get
        {
            if (Text("limit", 10) is not { } text)
                return Limits.PageDefault;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= Limits.PageMax)
                return limit;
            errors.Add("limit", $"must be a whole number from 1 to {Limits.PageMax}");
            return Limits.PageDefault;
        }
    }

    public bool Flag(string name)
    {
        var text = Text(name, 5);
        if (text is not (null or "true" or "false"))
            errors.Add(name, "must be true or false");
        return text is "true";
    }

    public OrderStatus? Status(string name)
    {
        if (Text(name, Limits.SearchLength) is not { } text)
            return null;
        if (Statuses.TryGetValue(text, out var status))
            return status;
        errors.Add(name, $"must be one of {string.Join(", ", Enum.GetNames<OrderStatus>())}");
        return null;
    }

    /// <summary>A moment as RFC 3339 writes it, or a day, which begins in UTC.</summary>
    public DateTimeOffset? Time(string name)
    {
        if (Text(name, Limits.TimeLength) is not { } text)
            return null;
        const DateTimeStyles utc = DateTimeStyles.AssumeUniversal;
        if (DateTimeOffset.TryParseExact(text, TimeForms, CultureInfo.InvariantCulture, utc, out var time))
            return time;
        errors.Add(name, "must be a time such as 2026-11-25T09:30:00Z");
        return null;
    }

    /// <summary>Null where the parameter is missing, or empty as a form sends it.</summary>
    public string? Text(string name, int lengthMax, Func<string, string?>? rule = null)
    {
        var sent = request.Query[name];
        if (sent.Count > 1)
            errors.Add(name, "must be given once");
        if (sent.Count != 1 || sent[0] is not { Length: > 0 } text)
            return null;
        if ((Field.WhatIsWrong(text, lengthMax) ?? rule?.Invoke(text)) is { } wrong)
            errors.Add(name, wrong);
        return text;
    }

    /// <param name="error">What is wrong with it; null where nothing is.</param>
    public void AddIfAny(string name, string? error)
    {
        if (error is not null)
            errors.Add(name, error);
    }

    /// <exception cref="ProblemException">400.</exception>
    public void ThrowIfAny() => errors.ThrowIfAny();

    /// <exception cref="ProblemException">400: the page token is not one of the store's.</exception>
    public async Task<OrderPage> PageAsync(IOrderQueries queries, OrderFilter filter, CancellationToken cancellation)
    {
        try
        {
            return await queries.ListAsync(filter, cancellation);
        }
        catch (FormatException)
        {
            errors.Add("after", "must be taken from the link to the next page");
            errors.ThrowIfAny();
            throw;
        }
    }

    /// <summary>The link to the next page of this list.</summary>
    public string? Next(OrderPage page)
    {
        if (page.Next is null)
            return null;
        var kept = request.Query.Where(parameter => parameter.Key != "after" && parameter.Value is [{ Length: > 0 }]);
        return request.Path + QueryString.Create(kept.Select(p => KeyValuePair.Create(p.Key, (string?)p.Value[0]))).Add("after", page.Next);
    }
}
