using System.CommandLine.Parsing;

namespace OrderFunctions.Local.Cli;

static class WebAddress
{
    /// <summary>Reads an option's one value.</summary>
    public static Uri? Parse(ArgumentResult result)
    {
        if (Uri.TryCreate(result.Tokens.Single().Value, UriKind.Absolute, out var address) && (address.Scheme is "http" or "https"))
            return address;
        result.AddError($"{result.Tokens.Single().Value} is no address such as http://127.0.0.1:4318.");
        return null;
    }
}
