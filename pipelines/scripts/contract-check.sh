#!/usr/bin/env bash
# Holds this version's messages against other versions.  contract-check.sh STAGE: all that are live there;  contract-check.sh --since COMMIT
# Services go out one at a time, so each must read what the other versions say:
#   1. a recorded message never changes and never goes away;
#   2. this version reads every message that was ever recorded (its own tests);
#   3. each other version reads the messages that this one has added, of the types that it knows.
set -euo pipefail
cd "$(dirname "$0")/../.."
contracts=tests/Apps.Tests/Infrastructure/Contracts
filter=FullyQualifiedName~ContractTests

# An app is tagged with its build, RUN.COMMIT.
if [ "$1" = --since ]; then others=$2
else others=$(az functionapp list --query "[?tags.system=='orderfunctions' && tags.stage=='$1' && tags.build].tags.build" --output tsv |
    cut -d . -f 2 | sort -u); fi

dotnet test tests/Apps.Tests -c Release --filter "$filter"
[ -n "$others" ] || { echo "Nothing is live in $1: there is nothing to compare with."; exit 0; }

worktrees=$(mktemp -d)
trap 'for tree in $(ls "$worktrees"); do git worktree remove --force "$worktrees/$tree"; done; rmdir "$worktrees"' EXIT
for other in $others; do
    # Going back to an older version: the two were held against each other when the newer one went out.
    ! git merge-base --is-ancestor HEAD "$other" || continue
    changed=$(git diff --name-status --no-renames --diff-filter=DMT "$other" -- "$contracts")
    [ -z "$changed" ] ||
        { printf 'Messages recorded in %s must stay as they are; add a version beside them:\n%s\n' "$other" "$changed" >&2; exit 1; }

    worktree=$worktrees/$other
    git worktree add --quiet --detach "$worktree" "$other"
    [ -d "$worktree/$contracts" ] || { echo "$other has no recorded messages: nothing to compare with."; continue; }
    new=0
    for message in "$contracts"/*/*.json; do
        if [ ! -e "$worktree/$message" ] && compgen -G "$worktree/$contracts/*/$(basename "$message")" > /dev/null; then
            mkdir -p "$worktree/$(dirname "$message")"
            cp "$message" "$worktree/$message"
            new=$((new + 1))
        fi
    done
    echo "$other must read $new new messages"
    [ "$new" -eq 0 ] || (cd "$worktree" && dotnet test tests/Apps.Tests -c Release --filter "$filter")
done
