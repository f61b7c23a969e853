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
        var body = Field.Root(json, errors, "customerId", "currency", "lines", "payment", "shipTo", "warehouse", "owner");
        var owner = body["owner"].IsAbsent ? default(Field?) : body["owner"].Object("tenantId", "objectId");
        var order = new PlaceOrder(
            body["customerId"].Text(Limits.CustomerIdLength),
            body["currency"].Text(3, Rules.Currency),
            Lines(body["lines"]),
            body["payment"].Object("cardToken")["cardToken"].Text(Limits.CardTokenLength, Rules.CardToken),
            ShipTo(body["shipTo"].Object("name", "line1", "line2", "city", "state", "postalCode", "country")),
            body["warehouse"].OptionalText(Limits.WarehouseLength, Rules.Warehouse) ?? Limits.WarehouseDefault,
            idempotencyKey,
            owner is { } account ? new Owner(Guid(account["tenantId"]), Guid(account["objectId"])) : null);
        errors.ThrowIfAny();
        return order;
    }

    /// <summary>As tokens write it.</summary>
    static string Guid(Field field) => field.Text(36, Rules.Guid).ToLowerInvariant();

    static Address ShipTo(Field fields)
    {
        var country = fields["country"].Text(2, Rules.Country);
        var postalCode = fields["postalCode"];
        return new(
            fields["name"].Text(Limits.NameLength),
            fields["line1"].Text(Limits.AddressLineLength),
            fields["city"].Text(Limits.CityLength),
            Countries.MayLackPostalCode(country)
                ? postalCode.TextIfAny(Limits.PostalCodeLength) ?? ""
                : postalCode.Text(Limits.PostalCodeLength),
            country,
            fields["line2"].TextIfAny(Limits.AddressLineLength),
            fields["state"].TextIfAny(Limits.StateLength));
    }

    /// <summary>Several lines may have the same SKU; the limits apply to their sums.</summary>
    static List<OrderLine> Lines(Field field)
    {
        var lines = new List<OrderLine>();
        var quantities = new Dictionary<string, long>(StringComparer.Ordinal);
        var total = 0m;
        foreach (var item in field.Items())
        {
            var fields = item.Object("sku", "description", "quantity", "unitPrice", "needsStock");
            var line = new OrderLine(
                fields["sku"].Text(Limits.SkuLength, Rules.Sku),
                fields["description"].Text(Limits.DescriptionLength),
                (int)fields["quantity"].Whole(1, Limits.QuantityMax),
                fields["unitPrice"].Price(),
                fields["needsStock"].Flag(ifAbsent: true));
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
