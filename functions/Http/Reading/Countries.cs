using System.Collections.Frozen;

namespace OrderFunctions.Http;

/// <summary>The countries and territories of ISO 3166-1, by their two letters.</summary>
static class Countries
{
    public static bool Contains(string code) => WithPostalCodes.Contains(code) || WithoutPostalCodes.Contains(code);

    /// <summary>Whether an address there may have no postal code, because there are none, or they are hardly used.</summary>
    public static bool MayLackPostalCode(string code) => WithoutPostalCodes.Contains(code);

    static readonly FrozenSet<string> WithPostalCodes = Codes("""
        AD AF AI AL AM AR AS AT AU AX AZ BA BB BD BE BG BH BL BM BN BR BT BY CA CC CH CL CN CO CR CU CV CX CY CZ DE DK
        DO DZ EC EE EG EH ES ET FI FK FM FO FR GB GE GF GG GI GL GN GP GR GS GT GU GW HN HR HT HU ID IE IL IM IN IO IQ
        IR IS IT JE JO JP KE KG KH KR KW KY KZ LA LB LC LI LK LR LS LT LU LV MA MC MD ME MF MG MH MK MM MN MP MQ MT MU
        MV MX MY MZ NA NC NE NF NG NI NL NO NP NZ OM PE PF PG PH PK PL PM PN PR PS PT PW PY RE RO RS RU SA SD SE SG SH
        SI SJ SK SM SN SV SZ TC TH TJ TM TN TR TW TZ UA US UY UZ VA VC VE VG VI VN WF WS YT ZA ZM
        """);

    static readonly FrozenSet<string> WithoutPostalCodes = Codes("""
        AE AG AO AQ AW BF BI BJ BO BQ BS BV BW BZ CD CF CG CI CK CM CW DJ DM ER FJ GA GD GH GM GQ GY HK HM JM KI KM KN
        KP LY ML MO MR MS MW NR NU PA QA RW SB SC SL SO SR SS ST SX SY TD TF TG TK TL TO TT TV UG UM VU YE ZW
        """);

    static FrozenSet<string> Codes(string list) =>
        list.Split([' ', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);
}
