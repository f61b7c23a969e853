namespace OrderFunctions.Local.Cli;

/// <summary>Exit statuses, the same for all commands. What they mean in each stands in its help.</summary>
static class Exit
{
    public const int Done = 0;

    /// <summary>It was done, and the answer is no: nothing found, an audit with findings, orders that are not final.</summary>
    public const int Negative = 1;

    /// <summary>It could not be done: wrong arguments, no such file, a host that refuses or is not there.</summary>
    public const int Failed = 2;

    /// <summary>All is well, but some lines of the orders file were refused.</summary>
    public const int SomeRefused = 3;

    /// <summary>Ctrl-C or SIGTERM came first.</summary>
    public const int Interrupted = 130;

    /// <summary>Says on standard error what is wrong, and what to do.</summary>
    public static int Fail(string error)
    {
        Console.Error.WriteLine(error);
        return Failed;
    }
}
