namespace OrderFunctions.Saga.Tests;

/// <summary>Each participant's decider over states of any type, for tests that go through all participants.</summary>
public static class Deciders
{
    public static TheoryData<string> Names => [.. Participants.Deciders.Keys];

    public static Decider<object> Of(string participant) => OfAnyState((dynamic)Participants.Deciders[participant]);

    /// <summary>Where the participant's rules stand: its folder in <c>functions/Saga</c>, and the name of its app without "App".</summary>
    public static string FolderOf(string participant) => Of(participant).Initial.GetType().Namespace!.Split('.')[^1];

    static Decider<object> OfAnyState<TState>(Decider<TState> decider)
        where TState : notnull =>
        new(decider.Initial, (state, input) => decider.Decide((TState)state, input), (state, @event) => decider.Evolve((TState)state, @event));
}
