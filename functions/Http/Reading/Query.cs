using System.Collections.Frozen;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using OrderFunctions.Runtime;

namespace OrderFunctions.Http;

/// <summary>The parameters of a list, read as strictly as a body.</summary>
sealed class Query(HttpRequest request)
{
    static readonly FrozenDictionary<string, OrderStatus> Statuses =
        Enum.GetValues<OrderStatus>().ToFrozenDictionary(status => status.ToString(), StringComparer.OrdinalIgnoreCase);

    readonly Mistakes mistakes = new();

    public string? PageToken => Text("after", Limits.PageTokenLength);

    public int Limit
    {
        get
        {
            if (Text("limit", 10) is not { } text)
                return Limits.PageDefault;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= Limits.PageMax)
                return limit;
            mistakes.Add("limit", $"must be a whole number from 1 to {Limits.PageMax}");
            return Limits.PageDefault;
        }
    }

    public bool Flag(string name)
    {
        var text = Text(name, 5);
        if (text is not (null or "true" or "false"))
            mistakes.Add(name, "must be true or false");
        return text is "true";
    }

    public OrderStatus? Status(string name)
    {
        if (Text(name, Limits.SearchLength) is not { } text)
            return null;
        if (Statuses.TryGetValue(text, out var status))
            return status;
        mistakes.Add(name, $"must be one of {string.Join(", ", Enum.GetNames<OrderStatus>())}");
        return null;
    }

    /// <summary>Null where the parameter is not there, or empty as a form sends it.</summary>
    public string? Text(string name, int lengthMax, Func<string, string?>? rule = null)
    {
        var sent = request.Query[name];
        if (sent.Count > 1)
            mistakes.Add(name, "must be given once");
        if (sent.Count != 1 || sent[0] is not { Length: > 0 } text)
            return null;
        if ((Field.WhatIsWrong(text, lengthMax) ?? rule?.Invoke(text)) is { } wrong)
            mistakes.Add(name, wrong);
        return text;
    }

    /// <param name="wrong">Null where nothing is.</param>
    public void Require(string name, string? wrong)
    {
        if (wrong is not null)
            mistakes.Add(name, wrong);
    }

    /// <exception cref="RefusedException">400.</exception>
    public void ThrowIfAnyMistake() => mistakes.ThrowIfAny();

    /// <exception cref="RefusedException">400: the page's token is none of the store's.</exception>
    public async Task<OrderPage> PageAsync(IOrderQueries queries, OrderFilter filter, CancellationToken cancellation)
    {
        try
        {
            return await queries.ListAsync(filter, cancellation);
        }
        catch (FormatException)
        {
            mistakes.Add("after", "must be taken from the link to the next page");
            mistakes.ThrowIfAny();
            throw;
        }
    }

    /// <summary>This same list, from the next page on.</summary>
    public string? Next(OrderPage page)
    {
        if (page.Next is null)
            return null;
        var kept = request.Query.Where(parameter => parameter.Key != "after" && parameter.Value.Count == 1);
        return request.Path + QueryString.Create(kept.Select(p => KeyValuePair.Create(p.Key, (string?)p.Value[0]))).Add("after", page.Next);
    }
}
