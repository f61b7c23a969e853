using System.IO.Compression;
using System.Net;
using System.Net.Sockets;

namespace OrderFunctions.EndToEnd;

/// <summary>What cannot be done is one or two lines that say what to do, exit status 2, and no stack trace.</summary>
public sealed class CommandLineTests : IDisposable
{
    readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    public static TheoryData<string[], string> WrongArguments => new()
    {
        { ["--port", "abc"], "--port must be a whole number from 0 to 65535, not abc.\nSee ./run --help." },
        { ["--port", "65536"], "--port must be a whole number from 0 to 65535, not 65536.\nSee ./run --help." },
        { ["--concurrency", "0"], "--concurrency must be a whole number from 1 to 1000, not 0.\nSee ./run --help." },
        { ["--data", ""], "--data must name a file.\nSee ./run --help." },
        { ["--data", "/"], "--data must name a file, and / is a folder.\nSee ./run --help." },
        { ["--setting", "x"], "--setting must be NAME=VALUE.\nSee ./run --help." },
        { ["--otlp", "x"], "--otlp must be a URL such as http://127.0.0.1:7071, not x.\nSee ./run --help." },
        { ["--bogus"], "Unrecognized command or argument '--bogus'.\nSee ./run --help." },
        { ["bogus"], "Unrecognized command or argument 'bogus'.\nSee ./run --help." },
        { ["orders", "--limit", "201"], "--limit must be a whole number from 1 to 200, not 201.\nSee ./run orders --help." },
        { ["orders", "--status", "x"], "--status must be one of Placed, Reserved, Paid, Booked, Delayed, Rejecting, Cancelling, Completed, "
            + "Rejected, Cancelled, not x.\nSee ./run orders --help." },
        { ["orders", "--url", "x"], "--url must be a URL such as http://127.0.0.1:7071, not x.\nSee ./run orders --help." },
        { ["timeline"], "Required argument missing for command: 'timeline'.\nSee ./run timeline --help." },
        { ["place"], "Option '--orders' is required.\nSee ./run place --help." },
        { ["place", "--orders", "x", "--rate", "0"], "--rate must be a number above 0, not 0.\nSee ./run place --help." },
        { ["stock", "--received", "5"], "--received needs a SKU. See ./run stock --help." },
    };

    [Theory, MemberData(nameof(WrongArguments))]
    public async Task Wrong_arguments_are_two_lines(string[] arguments, string expected)
    {
        var (status, output, errors) = await HostProcess.RunAsync(arguments);
        Assert.Equal(expected, errors.ReplaceLineEndings("\n").TrimEnd());
        Assert.Equal((2, errors), (status, output));
    }

    [Fact]
    public async Task What_cannot_be_opened_is_one_line()
    {
        var damaged = Path.Combine(Path.GetDirectoryName(data.Database)!, "damaged.gz");
        var orders = string.Join('\n', Enumerable.Range(1, 90).Select(number => PlaceTests.Order($"k-{number}")));
        await File.WriteAllBytesAsync(damaged, Gzip(orders)[..^200]);
        await SaysAsync("is damaged, or not all of it is there", "--orders", damaged);
        await SaysAsync("is a folder; --orders takes a file.", "--orders", Path.GetTempPath());
        await SaysAsync("There is no file /nowhere/orders.gz.", "--orders", "/nowhere/orders.gz");
        await SaysAsync("cannot be opened: ", "--no-orders", "--data", "/dev/null/saga.db");
        await SaysAsync("CardProvider__BaseAddress must be the absolute URL", "--no-orders", "--setting", "CardProvider__Mode=http");

        // Nothing was started for any of them.
        Assert.False(File.Exists(data.Database));
    }

    [Fact]
    public async Task A_port_that_cannot_be_used_is_one_line()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var used = $"{((IPEndPoint)listener.LocalEndpoint).Port}";
        var expected = $"Port {used} is in use, perhaps by another ./run. Stop that one, or name another with --port.";
        await SaysAsync(expected, "--no-orders", "--port", used);
    }

    [Fact]
    public async Task A_privileged_port_is_one_line()
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, 80);
            listener.Start();
            Assert.Skip("This user may use port 80.");
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AccessDenied)
        {
            await SaysAsync("Port 80 cannot be used: Permission denied. Name one above 1023 with --port.", "--no-orders", "--port", "80");
        }
    }

    [Fact]
    public async Task A_pipe_is_no_orders_file()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no /dev/stdin.");
        await SaysAsync("/dev/stdin cannot be read twice, as --orders needs; save it as a file.", "--orders", "/dev/stdin");
    }

    [Theory]
    [InlineData("orders"), InlineData("timeline"), InlineData("cancel"), InlineData("stock"), InlineData("parked"), InlineData("inspect")]
    [InlineData("replay"), InlineData("discard"), InlineData("settle"), InlineData("audit"), InlineData("place"), InlineData("")]
    public async Task Help_says_how_to_call_a_command_and_what_its_exit_statuses_mean(string name)
    {
        var (status, output, errors) = await HostProcess.RunAsync(name.Length > 0 ? [name, "--help"] : ["--help"]);
        Assert.Equal((0, ""), (status, errors.Trim()));
        Assert.Contains($"Usage:\n  {$"./run {name}".TrimEnd()} ", output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Matches(@"\nExit status:\n  0 +\w", output.ReplaceLineEndings("\n"));
        Assert.Matches(@"\n  2 +.*wrong arguments", output.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task A_token_of_the_environment_does_not_stand_in_the_help()
    {
        var environment = new Dictionary<string, string> { ["API_TOKEN"] = "s3cret" };
        var (_, output) = await HostProcess.RunAsync(environment, ":memory:", "orders", "--help");
        Assert.Contains("--token", output, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", output, StringComparison.Ordinal);
    }

    async Task SaysAsync(string expected, params string[] arguments)
    {
        string[] file = arguments.Contains("--data") ? [] : ["--data", data.Database];
        var (status, _, errors) = await HostProcess.RunAsync([.. arguments, .. file, "--exit"]);
        var line = Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.Equal(2, status);
    }

    static byte[] Gzip(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.NoCompression))
            gzip.Write(System.Text.Encoding.UTF8.GetBytes(text));
        return packed.ToArray();
    }
}
