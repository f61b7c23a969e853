using System.Text.Json;
using OrderFunctions.Saga;

namespace OrderFunctions.Http;

/// <summary>Reads the body of an order.</summary>
static class OrderForm
{
    /// <exception cref="ProblemException">400, with all errors.</exception>
    public static PlaceOrder Read(JsonDocument json, string? idempotencyKey)
    {
        var errors = new ValidationErrors();
        var body = Field.Root(json, errors);
        var shipTo = body["shipTo"].Object();
        var owner = body["owner"];
        var order = new PlaceOrder(
            body["customerId"].Text(Limits.CustomerIdLength),
            body["currency"].Text(3, Rules.Currency),
            Lines(body["lines"]),
            body["payment"].Object()["cardToken"].Text(Limits.CardTokenLength, Rules.CardToken),
            new Address(
                shipTo["name"].Text(Limits.NameLength),
                shipTo["line1"].Text(Limits.Line1Length),
                shipTo["city"].Text(Limits.CityLength),
                shipTo["postalCode"].Text(Limits.PostalCodeLength),
                shipTo["country"].Text(2, Rules.Country)),
            body["warehouse"].OptionalText(Limits.WarehouseLength, Rules.Warehouse) ?? Limits.WarehouseDefault,
            idempotencyKey,
            owner.IsAbsent ? null : new Owner(Guid(owner.Object()["tenantId"]), Guid(owner.Object()["objectId"])));
        errors.ThrowIfAny();
        return order;
    }

    /// <summary>As tokens write it.</summary>
    static string Guid(Field field) => field.Text(36, Rules.Guid).ToLowerInvariant();

    /// <summary>Several lines may have the same SKU; the limits apply to their sums.</summary>
    static List<OrderLine> Lines(Field field)
    {
        var lines = new List<OrderLine>();
        var quantities = new Dictionary<string, long>(StringComparer.Ordinal);
        var total = 0m;
        foreach (var item in field.Items())
        {
            var fields = item.Object();
            var line = new OrderLine(
                fields["sku"].Text(Limits.SkuLength, Rules.Sku),
                fields["description"].Text(Limits.DescriptionLength),
                (int)fields["quantity"].Whole(1, Limits.QuantityMax),
                fields["unitPrice"].Price());
            lines.Add(line);
            total += line.Quantity * line.UnitPrice;

            var before = quantities.GetValueOrDefault(line.Sku);
            quantities[line.Sku] = before + line.Quantity;
            if (before <= Limits.QuantityMax && before + line.Quantity > Limits.QuantityMax)
                fields["quantity"].Note($"adds up to more than {Limits.QuantityMax} of this SKU");
        }
        if (quantities.Count > Limits.SkusMax)
            field.Note($"must have at most {Limits.SkusMax} distinct SKUs");
        if (total > Limits.TotalMax)
            field.Note($"must not cost more than {Limits.TotalMax} in all");
        return lines;
    }
}
