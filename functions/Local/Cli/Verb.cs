using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;

namespace OrderFunctions.Local.Cli;

/// <summary>A command whose help says what its exit statuses mean.</summary>
/// <param name="name">As it is typed.</param>
/// <param name="description">One sentence.</param>
/// <param name="exits">What each exit status means, one a line.</param>
sealed class Verb(string name, string description, string exits) : Command(name, description)
{
    string Exits => exits;

    /// <summary>The whole command line.</summary>
    public static Verb All()
    {
        var run = RunCommand.Create();
        foreach (var verb in OperatorCommands.All.Append(PlaceCommand.Create()))
            run.Subcommands.Add(verb);
        var help = new HelpOption { Description = "Show this." };
        help.Action = new HelpWithExits((HelpAction)help.Action!);
        run.Options.Add(help);
        return run;
    }

    /// <summary>Two lines on standard error: what is wrong, and where to read more.</summary>
    public static int Refuse(ParseResult parsed)
    {
        var path = parsed.CommandResult.Command is { Name: var name } && name != RunCommand.Name ? $" {name}" : "";
        return Exit.Fail($"{parsed.Errors[0].Message}\nSee {RunCommand.Name}{path} --help.");
    }

    /// <summary>An option whose value is a whole number.</summary>
    public static Option<long?> Number(string name, string description, long min, long max, long? ifAbsent = null)
    {
        var option = new Option<long?>(name)
        {
            Description = description,
            HelpName = "N",
            CustomParser = result =>
            {
                var text = result.Tokens.Single().Value;
                if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
                    return number;
                result.AddError(FormattableString.Invariant($"{name} must be a whole number from {min} to {max}, not {text}."));
                return null;
            },
        };
        if (ifAbsent is not null)
            option.DefaultValueFactory = _ => ifAbsent;
        return option;
    }

    /// <summary>An option whose value is one of a few.</summary>
    public static Option<T?> OneOf<T>(string name, string description) where T : struct, Enum => new(name)
    {
        Description = $"{description}: {string.Join(", ", Enum.GetNames<T>())}.",
        HelpName = typeof(T).Name[5..].ToUpperInvariant(),
        CustomParser = result =>
        {
            var text = result.Tokens.Single().Value;
            if (Enum.GetNames<T>().FirstOrDefault(value => value.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } known)
                return Enum.Parse<T>(known);
            result.AddError($"{name} must be one of {string.Join(", ", Enum.GetNames<T>())}, not {text}.");
            return null;
        },
    };

    /// <summary>Parses a URL.</summary>
    public static Uri? Address(ArgumentResult result)
    {
        var text = result.Tokens.Single().Value;
        if (Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
            return address;
        result.AddError($"{((OptionResult)result.Parent!).Option.Name} must be a URL such as http://127.0.0.1:7071, not {text}.");
        return null;
    }

    sealed class HelpWithExits(HelpAction help) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            help.Invoke(parseResult);
            var writer = parseResult.InvocationConfiguration.Output;
            writer.WriteLine("Exit status:");
            foreach (var line in ((Verb)parseResult.CommandResult.Command).Exits.Split('\n'))
                writer.WriteLine($"  {line}");
            return Exit.Done;
        }
    }
}
