using System.Globalization;

namespace OrderFunctions.Simulation;

/// <summary>What happened: always as a hash, and as readable lines on request.</summary>
sealed class History(Scheduler scheduler, bool keepLines)
{
    readonly List<string> lines = [];

    /// <summary>The hash (FNV-1a) of everything that has happened so far, and when.</summary>
    public ulong Hash { get; private set; } = 14695981039346656037;

    public IReadOnlyList<string> Lines => lines;

    /// <param name="who">Who acted.</param>
    /// <param name="what">What they did.</param>
    /// <param name="about">What it was done to: mostly the id of an order, a message or a key, which begins with the order's id.</param>
    /// <param name="outcome">The result.</param>
    public void Add(string who, string what, string about = "", string outcome = "")
    {
        Mix((ulong)scheduler.Elapsed);
        Mix(who);
        Mix(what);
        Mix(about);
        Mix(outcome);
        if (keepLines)
            lines.Add(string.Create(CultureInfo.InvariantCulture,
                $"{TimeSpan.FromTicks(scheduler.Elapsed):d\\.hh\\:mm\\:ss\\.fff} {who,-16} {what,-24} {about}{(outcome.Length > 0 ? ": " : "")}{outcome}"));
    }

    void Mix(ulong value) => Hash = (Hash ^ value) * 1099511628211;

    void Mix(string text)
    {
        var hash = Hash;
        foreach (var c in text)
            hash = (hash ^ c) * 1099511628211;
        Hash = (hash ^ 0xFFFF) * 1099511628211;
    }
}
