using Microsoft.AspNetCore.Http;

namespace OrderFunctions.Http;

/// <summary>Everything that is wrong with a request, by field.</summary>
sealed class ValidationErrors
{
    readonly Dictionary<string, string[]> errors = new(StringComparer.Ordinal);
    int unlisted;

    public bool IsEmpty => errors.Count == 0;

    public void Add(string path, string error)
    {
        if (errors.TryGetValue(path, out var known))
            errors[path] = [.. known, error];
        else if (errors.Count < Limits.ErrorsMax)
            errors[path] = [error];
        else
            unlisted++;
    }

    /// <exception cref="ProblemException">There are errors: 400.</exception>
    public void ThrowIfAny()
    {
        if (IsEmpty)
            return;
        var detail = unlisted == 0 ? "Some fields are invalid." : $"Some fields are invalid; {unlisted} more errors are not listed.";
        throw new ProblemException(Problem.Of(StatusCodes.Status400BadRequest, detail, errors));
    }
}
