using System.Collections.Frozen;

namespace OrderFunctions.Saga;

/// <summary>
/// The active currencies of ISO 4217 and how many decimals their minor units have; without precious metals, test codes and units of
/// account.
/// </summary>
public static class Currencies
{
    /// <summary>Null where the code is no currency.</summary>
    public static int? DecimalsOf(string code) => Decimals.TryGetValue(code, out var decimals) ? decimals : null;

    static readonly FrozenDictionary<string, int> Decimals = new[]
    {
        (Decimals: 0, Codes: """
        BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF
        """),
        (Decimals: 2, Codes: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
        CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD
        KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO
        NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL
        THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
        """),
        (Decimals: 3, Codes: """
        BHD IQD JOD KWD LYD OMR TND
        """),
    }
    .SelectMany(
        group => group.Codes.Split([' ', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries), (group, code) => (code, group.Decimals))
    .ToFrozenDictionary(pair => pair.code, pair => pair.Decimals, StringComparer.Ordinal);
}
