namespace OrderFunctions.Runtime;

/// <summary>A message in a dead-letter queue, as somebody sees it who only looks.</summary>
/// <param name="Type">The name of its event.</param>
/// <param name="Body">As it was sent: JSON, unless its sender was at fault.</param>
public sealed record DeadLetter(string Type, ReadOnlyMemory<byte> Body);
