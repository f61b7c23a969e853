using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Tests;

/// <summary>
/// The README of the sample explains the card tokens and postal codes as <see cref="SimulatedOutside"/> defines them, and no others.
/// </summary>
public sealed partial class SampleReadmeTests
{
    static readonly Dictionary<Enum, string> Words = new()
    {
        [CardBehaviour.Charges] = "charges",
        [CardBehaviour.Declines] = "declines",
        [CardBehaviour.LosesAnswers] = "charges, but the first two answers are lost",
        [CardBehaviour.IsDown] = "is unavailable, until an operator ends the outage",
        [CarrierBehaviour.PicksUp] = "picks up at once",
        [CarrierBehaviour.Refuses] = "refuses the booking",
        [CarrierBehaviour.PicksUpLate] = "picks up only after the promised time",
        [CarrierBehaviour.ReportsLate] = "picks up at once and reports it later, so that a cancellation in between comes too late",
    };

    [Fact]
    public void It_lists_each_value_with_what_it_does()
    {
        var readme = File.ReadAllText(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../functions/Local/sample/README.md"));
        var rows = Row().Matches(readme)
            .Select(row => (Field: row.Groups[1].Value, Value: row.Groups[2].Value, Does: row.Groups[3].Value)).ToList();
        Assert.Equal(2, SimulatedOutside.AnswersLost);
        Assert.Equal(["payment.cardToken", "shipTo.postalCode"], rows.Select(row => row.Field).Where(field => field.Length > 0));
        var carriers = rows.FindIndex(row => row.Field == "shipTo.postalCode");

        var described = rows.Select((row, index) => (
            Behaviour: index < carriers ? SimulatedOutside.OfCard(row.Value) : (Enum)SimulatedOutside.OfPostalCode(row.Value),
            row.Does)).ToList();

        Assert.All(described, row => Assert.Equal(Words[row.Behaviour], row.Does));
        Assert.Equal(Words.Keys.ToHashSet(), described.Select(row => row.Behaviour).ToHashSet());
        Assert.Equal(Words.Count, described.Count);
        Assert.Equal(Words.Count, Enum.GetValues<CardBehaviour>().Length + Enum.GetValues<CarrierBehaviour>().Length);
    }

    [GeneratedRegex(@"^\| (?:`([\w.]+)` )?\| `?([\w ]+?)`? \| (.+) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    static string ThisFile([CallerFilePath] string path = "") => path;
}
