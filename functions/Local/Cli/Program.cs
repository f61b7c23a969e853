using System.CommandLine.Invocation;
using OrderFunctions.Local.Cli;

var command = Verb.All();
var parsed = command.Parse(args);
if (parsed.Action is ParseErrorAction)
    return Verb.Refuse(parsed);

// A host takes its time to stop in order: the library would cut it off.
var serves = parsed.CommandResult.Command == command;
return await parsed.InvokeAsync(new() { ProcessTerminationTimeout = serves ? null : TimeSpan.FromSeconds(2) });
