using System.Text.Json;
using OrderFunctions.Apps.Tests.Infrastructure;

namespace OrderFunctions.Apps.Tests.StandIns;

/// <summary>functions/AzureSdk.targets, as MSBuild understands it.</summary>
public class AzureSdkSwitchTests
{
    [Fact]
    public void An_app_on_the_stand_in_cannot_be_published()
    {
        var (status, output) = MSBuild("functions/PaymentsApp", "-t:PrepareForPublish", "-p:AzureSdk=trigger-stand-in");

        Assert.NotEqual(0, status);
        Assert.Contains("PaymentsApp is built with a stand-in", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("packages", true)]
    [InlineData("trigger-stand-in", false)]
    public void The_adapters_get_the_package_or_the_stand_in_and_never_both(string mode, bool package)
    {
        var (status, output) = MSBuild("functions/ServiceBus", "-getItem:PackageReference,ProjectReference", $"-p:AzureSdk={mode}");
        using var json = JsonDocument.Parse(output);
        bool Has(string kind, string name) => json.RootElement.GetProperty("Items").GetProperty(kind).EnumerateArray()
            .Any(item => item.GetProperty("Identity").GetString()!.Contains(name, StringComparison.Ordinal));

        Assert.Equal(0, status);
        Assert.Equal(package, Has("PackageReference", "Microsoft.Azure.Functions.Worker.Extensions.ServiceBus"));
        Assert.Equal(!package, Has("ProjectReference", "StandIns"));
    }

    [Fact]
    public void There_is_no_third_choice()
    {
        var (status, output) = MSBuild("functions/PaymentsApp", "-t:PrepareForBuild", "-p:AzureSdk=mocks");

        Assert.NotEqual(0, status);
        Assert.Contains("AzureSdk is 'mocks'", output, StringComparison.Ordinal);
    }

    static (int Status, string Output) MSBuild(string project, params string[] arguments)
    {
        var (status, output, _) = Repository.Run("dotnet", ["msbuild", project, "-nologo", "-nodeReuse:false", .. arguments]);
        return (status, output);
    }
}
