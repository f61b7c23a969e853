using OrderFunctions.Apps.Tests.Infrastructure;

namespace OrderFunctions.Apps.Tests.StandIns;

/// <summary>functions/AzureSdk/Probe.targets, with a <c>dotnet</c> that answers as a feed would make it answer.</summary>
public sealed class AzureSdkProbeTests : IDisposable
{
    readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("azure-sdk");

    public AzureSdkProbeTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "The feed is a shell script here.");

    string Answer => Path.Combine(folder.FullName, "answer");

    string? Remembered => File.Exists(Answer) ? File.ReadAllText(Answer).Trim() : null;

    [Theory]
    [InlineData("Restored")]
    [InlineData("p.csproj : warning NU1603: X depends on Y (>= 1.0.0) but Y 1.0.0 was not found. Y 1.0.1 was resolved instead.")]
    public void A_feed_that_has_the_package_is_used_and_nothing_is_said(string said)
    {
        Assert.Equal("", Ask(said, 0).Trim());
        Assert.Equal("packages", Remembered);
    }

    [Theory]
    [InlineData("p.csproj : error NU1101: Unable to find package Microsoft.Azure.Functions.Worker.Extensions.ServiceBus.")]
    [InlineData("p.csproj : error NU1102: Unable to find package Microsoft.Azure.WebJobs.Extensions.ServiceBus with version (>= 5.0.0)")]
    public void What_the_feed_says_it_lacks_is_stood_in_for_and_one_line_says_so(string said)
    {
        Assert.Contains("stand-in", Assert.Single(Ask(said, 1).Trim().Split('\n')), StringComparison.Ordinal);
        Assert.Equal("trigger-stand-in", Remembered);
    }

    [Theory]
    [InlineData("error NU1301: Unable to load the service index for source feed")]
    [InlineData("error NU1101: Unable to find package X.\\np.csproj : error NU1301: The HTTP request timed out")]
    [InlineData("error MSB4025: The project file could not be loaded.")]
    public void A_feed_that_cannot_be_asked_has_said_nothing(string said)
    {
        Ask(said, 1);

        Assert.Null(Remembered);
    }

    [Theory]
    [InlineData("packages")]
    [InlineData("trigger-stand-in")]
    public void What_is_remembered_is_not_asked_for_again(string remembered)
    {
        File.WriteAllText(Answer, remembered + "\n");

        Ask("error NU1101: asked again", 1);

        Assert.Equal(remembered, Remembered);
    }

    [Fact]
    public void What_an_older_version_remembered_is_no_answer()
    {
        File.WriteAllText(Answer, "stand-ins\n");

        Ask("Restored", 0);

        Assert.Equal("packages", Remembered);
    }

    [Fact]
    public void Whoever_chose_is_not_asked()
    {
        Ask("Restored", 0, chosen: "trigger-stand-in");

        Assert.Null(Remembered);
    }

    public void Dispose() => folder.Delete(recursive: true);

    string Ask(string said, int exit, string chosen = "")
    {
        var dotnet = Path.Combine(folder.FullName, "dotnet");
        File.WriteAllText(dotnet, $"#!/bin/sh\nprintf '{said}\\n'\nexit {exit}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(dotnet, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var (status, output, errors) = Repository.Run(
            "dotnet",
            ["msbuild", "Directory.Solution.targets", "-nologo", "-nodeReuse:false", "-t:AskForAzureSdk", $"-p:AzureSdkAnswer={Answer}", $"-p:DOTNET_HOST_PATH={dotnet}"],
            environment: new Dictionary<string, string?> { ["AzureSdk"] = chosen });
        Assert.Equal((0, ""), (status, errors));
        return output;
    }
}
