using System.Text.Json;
using OrderFunctions.Apps.Tests.Infrastructure;

namespace OrderFunctions.Apps.Tests.StandIns;

/// <summary>functions/AzureSdk.targets, as MSBuild understands it.</summary>
public class AzureSdkSwitchTests
{
    [Fact]
    public void An_app_on_stand_ins_cannot_be_published()
    {
        var (status, output) = MSBuild("-t:PrepareForPublish", "-p:AzureSdk=stand-ins");

        Assert.NotEqual(0, status);
        Assert.Contains("PaymentsApp is built with stand-ins", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("packages", true)]
    [InlineData("stand-ins", false)]
    public void An_app_gets_Azures_packages_or_the_stand_ins_and_never_both(string mode, bool packages)
    {
        var (status, output) = MSBuild("-getItem:PackageReference,ProjectReference", $"-p:AzureSdk={mode}");
        using var json = JsonDocument.Parse(output);
        var items = json.RootElement.GetProperty("Items");
        string[] Names(string kind) => [.. items.GetProperty(kind).EnumerateArray().Select(item => item.GetProperty("Identity").GetString()!)];

        Assert.Equal(0, status);
        Assert.Equal(packages, Names("PackageReference").Contains("Microsoft.Azure.Functions.Worker.Sdk"));
        Assert.Equal(packages, Names("PackageReference").Contains("Microsoft.Azure.Functions.Worker.Extensions.ServiceBus"));
        Assert.DoesNotContain("Microsoft.Azure.Functions.Worker.Extensions.Http", Names("PackageReference"));
        Assert.Equal(!packages, Names("ProjectReference").Any(project => project.Contains("StandIns", StringComparison.Ordinal)));
    }

    [Fact]
    public void There_is_no_third_choice()
    {
        var (status, output) = MSBuild("-t:PrepareForBuild", "-p:AzureSdk=mocks");

        Assert.NotEqual(0, status);
        Assert.Contains("AzureSdk is 'mocks'", output, StringComparison.Ordinal);
    }

    static (int Status, string Output) MSBuild(params string[] arguments)
    {
        var (status, output, _) = Repository.Run("dotnet", ["msbuild", "functions/PaymentsApp", "-nologo", "-nodeReuse:false", .. arguments]);
        return (status, output);
    }
}
