namespace OrderFunctions.Runtime;

/// <summary>
/// The setting by which a deployment says what it is for. Whatever is not <see cref="Dev"/> is production, also where the setting is
/// missing: what only serves for trying out has to be asked for.
/// </summary>
public static class Stage
{
    public const string Setting = "Stage";

    /// <summary>Providers may be simulated, and a person may be a shop.</summary>
    public const string Dev = "dev";
}
