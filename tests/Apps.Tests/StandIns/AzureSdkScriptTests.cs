using System.Diagnostics;

namespace OrderFunctions.Apps.Tests.StandIns;

/// <summary>functions/azure-sdk.sh, against a <c>dotnet</c> that answers as a feed would make it answer.</summary>
public sealed class AzureSdkScriptTests : IDisposable
{
    readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("azure-sdk");

    public AzureSdkScriptTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the script is for bash");
        _root.CreateSubdirectory("functions");
        File.Copy(Path.Combine(AppContext.BaseDirectory, "StandIns", "azure-sdk.sh"), Path.Combine(_root.FullName, "functions", "azure-sdk.sh"));
    }

    string? Remembered => File.Exists(RememberedIn) ? File.ReadAllText(RememberedIn).Trim() : null;
    string RememberedIn => Path.Combine(_root.FullName, ".azure-sdk");

    [Fact]
    public void Packages_that_the_feed_has_are_used_without_a_word()
    {
        Assert.Equal((0, "", ""), Run("echo Restored; exit 0"));
        Assert.Equal("packages", Remembered);
    }

    [Theory]
    [InlineData("NU1101: Unable to find package Azure.Messaging.ServiceBus. No packages exist with this id in source(s): feed")]
    [InlineData("NU1102: Unable to find package Microsoft.Azure.Functions.Worker with version (>= 2.52.0)")]
    public void Packages_that_the_feed_says_it_lacks_are_stood_in_for_and_one_line_says_so(string answer)
    {
        var (status, output, errors) = Run($"echo '/app.csproj : error {answer}'; exit 1");

        Assert.Equal((0, ""), (status, errors));
        Assert.Contains("stand-ins", Assert.Single(output.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.Equal("stand-ins", Remembered);
    }

    [Theory]
    [InlineData("error NU1301: Unable to load the service index for source feed")]
    [InlineData("error NU1101: Unable to find package Azure.Messaging.ServiceBus.\n/app.csproj : error NU1301: The HTTP request timed out")]
    [InlineData("error NU1101: Unable to find package Polly.Core.")]
    [InlineData("error MSB4025: The project file could not be loaded.")]
    public void A_feed_that_does_not_answer_or_another_fault_is_told_as_it_is_and_nothing_is_remembered(string answer)
    {
        var (status, output, errors) = Run($"printf '%s\\n' '/app.csproj : {answer}'; exit 1");

        Assert.Equal((1, ""), (status, output));
        Assert.Contains(answer, errors, StringComparison.Ordinal);
        Assert.Null(Remembered);
    }

    [Fact]
    public void An_answer_that_is_remembered_is_not_asked_for_again()
    {
        File.WriteAllText(RememberedIn, "stand-ins\n");

        Assert.Equal((0, "", ""), Run("echo asked; exit 1"));
    }

    [Fact]
    public void Whoever_chose_is_not_asked()
    {
        Assert.Equal((0, "", ""), Run("echo asked; exit 1", azureSdk: "packages"));
        Assert.Null(Remembered);
    }

    public void Dispose() => _root.Delete(recursive: true);

    (int Status, string Output, string Errors) Run(string dotnet, string azureSdk = "")
    {
        var bash = new ProcessStartInfo("bash", ["-euc", $"dotnet() {{ {dotnet}; }}\nsource functions/azure-sdk.sh\nazure_sdk app.csproj"])
        {
            WorkingDirectory = _root.FullName, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        bash.Environment["AzureSdk"] = azureSdk;
        using var process = Process.Start(bash)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }
}
