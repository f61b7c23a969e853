namespace OrderFunctions.Saga.Tests;

public class CurrencyTests
{
    [Theory]
    [InlineData("GBP", 2)]
    [InlineData("JPY", 0)]
    [InlineData("ISK", 0)]
    [InlineData("HUF", 2)]
    [InlineData("KWD", 3)]
    [InlineData("XXX", null)]
    [InlineData("gbp", null)]
    public void A_currency_has_the_decimals_of_ISO_4217(string code, int? decimals) => Assert.Equal(decimals, Currencies.DecimalsOf(code));

    [Theory]
    [InlineData(20.3, "GBP", "20.30 GBP")]
    [InlineData(1234.5, "GBP", "1,234.50 GBP")]
    [InlineData(0, "GBP", "0.00 GBP")]
    [InlineData(400.681, "GBP", "400.681 GBP")]
    [InlineData(300, "JPY", "300 JPY")]
    [InlineData(1.5, "KWD", "1.500 KWD")]
    public void An_amount_is_shown_with_its_currencys_decimals(double amount, string currency, string text) =>
        Assert.Equal(text, new Money((decimal)amount, currency).ToString());

    [Theory]
    [InlineData(400.681, "GBP", 400.68)]
    [InlineData(-0.005, "GBP", -0.01)]
    [InlineData(299.97, "JPY", 300)]
    [InlineData(1.0005, "BHD", 1.001)]
    public void An_amount_is_rounded_half_away_from_zero(double amount, string currency, double rounded) =>
        Assert.Equal(new Money((decimal)rounded, currency), new Money((decimal)amount, currency).Rounded());
}
