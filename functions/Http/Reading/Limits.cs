namespace OrderFunctions.Http;

/// <summary>What a request may contain at most, and its defaults. openapi.json states the same.</summary>
public static class Limits
{
    /// <summary>
    /// Bytes of the largest event that an order causes, as encoded: a Service Bus Standard message holds 256 KB with its headers.
    /// </summary>
    public const int EventBytesMax = 192 * 1024;

    /// <summary>
    /// Bytes of an order's body. More than <see cref="EventBytesMax"/>: it may be indented and escaped, and lines of one SKU are merged.
    /// </summary>
    public const int OrderBytesMax = 1024 * 1024;

    /// <summary>Bytes of any other body.</summary>
    public const int BodyBytesMax = 64 * 1024;

    public const int SkusMax = 1_500;
    public const int QuantityMax = 1_000_000;
    public const decimal UnitPriceMax = 1_000_000_000m;
    public const int PriceDecimalsMax = 4;

    /// <summary>With four decimals, 15 significant digits: a store that keeps numbers as doubles does not change them.</summary>
    public const decimal TotalMax = 10_000_000_000m;

    /// <summary>Pieces of one SKU that one warehouse ever received.</summary>
    public const long ReceivedMax = 1_000_000_000_000;

    public const int SkuLength = 64;
    public const int DescriptionLength = 200;
    public const int CustomerIdLength = 64;
    public const int CardTokenLength = 128;
    public const int NameLength = 200;
    public const int AddressLineLength = 200;
    public const int CityLength = 100;
    public const int StateLength = 100;
    public const int PostalCodeLength = 20;
    public const int WarehouseLength = 32;
    public const string WarehouseDefault = "main";
    public const int ReasonLength = 200;
    public const int IdempotencyKeyLength = 255;

    /// <summary>Of the carrier's event and tracking ids. An event id becomes part of a message id, of at most 128 characters.</summary>
    public const int CarrierIdLength = 64;

    public const int MessageIdLength = 128;
    public const int SearchLength = 255;
    public const int TimeLength = 40;
    public const int PageTokenLength = 1_024;
    public const int PageMax = 200;
    public const int PageDefault = 50;

    /// <summary>Orders named in one replay request.</summary>
    public const int ReplayOrdersMax = 200;

    /// <summary>Replays that one request starts; the answer says whether there are more.</summary>
    public const int ReplaysMax = 1_000;

    /// <summary>Orders of one kind that one audit looks at.</summary>
    public const int AuditedMax = 1_000;

    /// <summary>Findings that one audit tells.</summary>
    public const int FindingsMax = 200;

    /// <summary>Fields that one answer lists errors of.</summary>
    public const int ErrorsMax = 100;
}
