namespace OrderFunctions.Runtime;

/// <summary>A message in a dead-letter queue, read without locking it.</summary>
/// <param name="Type">The name of its event.</param>
/// <param name="Body">As it was sent: JSON, unless its sender is faulty.</param>
public sealed record DeadLetter(string Type, ReadOnlyMemory<byte> Body);
