using Microsoft.Azure.Functions.Worker;

namespace OrderFunctions.Apps.Tests.StandIns;

/// <summary>
/// What the apps are built against is what they meet in Azure: the three types, of the package or of its stand-in, against the public API of
/// the real assembly, recorded from its metadata beside the stand-in.
/// </summary>
public class StandInTests
{
    static readonly string Record =
        Path.Combine(AppContext.BaseDirectory, "StandIns", "Microsoft.Azure.Functions.Worker.Extensions.ServiceBus.api.txt");

    static readonly Type[] Types = [typeof(ServiceBusTriggerAttribute), typeof(ServiceBusMessageActions), typeof(ServiceBusSessionMessageActions)];

    [Fact]
    public void The_types_that_the_apps_use_are_as_they_were_recorded() => Assert.Equal(
        File.ReadLines(Record).Where(line => !line.StartsWith('#')).Order(StringComparer.Ordinal),
        Types.SelectMany(PublicApi.Lines).Order(StringComparer.Ordinal));

    [Fact]
    public void The_record_is_of_the_version_that_is_pinned() => Assert.Contains(
        $"Include=\"{Path.GetFileName(Record).Replace(".api.txt", "", StringComparison.Ordinal)}\" Version=\"{File.ReadLines(Record).First().Split(' ')[3]}\"",
        Infrastructure.Repository.Read("Directory.Packages.props"), StringComparison.Ordinal);

    [Fact]
    public void The_stand_in_has_no_other_types()
    {
        var assembly = typeof(ServiceBusTriggerAttribute).Assembly;

        if (assembly.GetName().Name == "OrderFunctions.StandIns")
            Assert.Equivalent(Types, assembly.GetExportedTypes(), strict: true);
    }
}
