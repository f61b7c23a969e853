using System.CommandLine.Parsing;

namespace OrderFunctions.Local.Cli;

static class WebAddress
{
    /// <summary>Parses an option's single value.</summary>
    public static Uri? Parse(ArgumentResult result)
    {
        if (Uri.TryCreate(result.Tokens.Single().Value, UriKind.Absolute, out var address) && (address.Scheme is "http" or "https"))
            return address;
        result.AddError($"{result.Tokens.Single().Value} is not a URL such as http://127.0.0.1:4318.");
        return null;
    }
}
