using System.Globalization;

namespace OrderFunctions.Simulation;

/// <summary>What happened, as a hash always and as readable lines when they are asked for.</summary>
sealed class History(Scheduler scheduler, bool keepLines)
{
    readonly List<string> lines = [];

    /// <summary>Of everything that happened so far and when (FNV-1a).</summary>
    public ulong Hash { get; private set; } = 14695981039346656037;

    public IReadOnlyList<string> Lines => lines;

    /// <param name="who">Whose doing it is.</param>
    /// <param name="what">What they did.</param>
    /// <param name="about">To what: mostly the id of an order, a message or a key, which begins with the order's.</param>
    /// <param name="outcome">What came of it.</param>
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
