namespace OrderFunctions.Kernel.Tests;

public class MessageIdTests
{
    [Fact]
    public void Each_kind_of_id_names_its_order_and_its_sender()
    {
        string[] ids = [MessageId.Of("o-1", "payments", 2), MessageId.OfRequest("o-1", "CancelOrder"), MessageId.OfCarrierEvent("o-1", "evt-7")];
        Assert.Equal(["o-1/payments/2", "o-1/http/CancelOrder", "o-1/carrier/evt-7"], ids);
        Assert.Equal(["payments", "http", "carrier"], ids.Select(MessageId.SenderOf));
    }

    [Theory]
    [InlineData("")]
    [InlineData("o-1")]
    [InlineData("o-1//2")]
    public void Another_id_has_no_sender(string id) => Assert.Null(MessageId.SenderOf(id));

    [Theory]
    [InlineData("o-1/payments/10", "o-1/payments/9", true)]
    [InlineData("o-1/payments/9", "o-1/payments/10", false)]
    [InlineData("o-1/payments/9", "o-1/payments/9", false)]
    [InlineData("o-1/payments/10", "o-1/orders/9", false)]
    [InlineData("o-2/payments/10", "o-1/payments/9", false)]
    public void Sequences_of_one_sender_compare_as_numbers(string id, string other, bool isLater) =>
        Assert.Equal(isLater, MessageId.IsLater(id, other));
}
