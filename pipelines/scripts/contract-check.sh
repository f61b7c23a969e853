#!/usr/bin/env bash
# Holds this version's messages against the version before.  contract-check.sh [COMMIT]
# Services go out one at a time, so each must read what the other version says:
#   1. a recorded message never changes and never goes away;
#   2. this version reads every message that was ever recorded (its own tests);
#   3. the version before reads the messages that this one has added, of the types that it knows.
set -euo pipefail
cd "$(dirname "$0")/../.."
contracts=tests/Apps.Tests/Infrastructure/Contracts
filter=FullyQualifiedName~ContractTests

if [ $# -gt 0 ]; then before=$1
elif [ -n "${SYSTEM_PULLREQUEST_TARGETBRANCH:-}" ]; then before=$(git merge-base HEAD "origin/${SYSTEM_PULLREQUEST_TARGETBRANCH#refs/heads/}")
else before=$(git rev-parse HEAD^); fi

changed=$(git diff --name-status --no-renames --diff-filter=DMT "$before" -- "$contracts")
[ -z "$changed" ] || { echo "Recorded messages must stay as they are; add a version beside them:" >&2; echo "$changed" >&2; exit 1; }

dotnet test tests/Apps.Tests -c Release --filter "$filter"

worktree=$(mktemp -d)
trap 'git worktree remove --force "$worktree"' EXIT
git worktree add --quiet --detach "$worktree" "$before"
[ -d "$worktree/$contracts" ] || { echo "$before has no recorded messages: nothing to compare with."; exit 0; }
new=0
for message in "$contracts"/*/*.json; do
    if [ ! -e "$worktree/$message" ] && compgen -G "$worktree/$contracts/*/$(basename "$message")" > /dev/null; then
        mkdir -p "$worktree/$(dirname "$message")"
        cp "$message" "$worktree/$message"
        new=$((new + 1))
    fi
done
echo "$before must read $new new messages"
[ "$new" -eq 0 ] || (cd "$worktree" && dotnet test tests/Apps.Tests -c Release --filter "$filter")
