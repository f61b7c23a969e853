#!/usr/bin/env bash
# Puts back what was live on each app that this build has replaced, and tries it.  roll-back.sh STAGE BUILD SMOKE_TEST
# An app whose build was the first stays as it is. The packages come from the run that built them: BUILD is RUN.COMMIT.
set -euo pipefail
stage=$1 build=$2 kind=$3
scripts=$(cd "$(dirname "$0")" && pwd)
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT

back=0
while IFS=$'\t' read -r app previous; do
    [ -n "$app" ] || continue
    [ "$previous" != - ] || { echo "$app had no build before $build: it stays."; continue; }
    az pipelines runs artifact download --org "$SYSTEM_COLLECTIONURI" --project "$SYSTEM_TEAMPROJECT" \
        --run-id "${previous%%.*}" --artifact-name "$app" --path "$packages/$app" --output none
    "$scripts/deploy-app.sh" "$stage" "$app" "$packages/$app/$app.zip" "$previous"
    back=$((back + 1))
done < <(az functionapp list --resource-group "rg-orderfunctions-$stage" --output tsv \
    --query "[?tags.build=='$build'].[tags.participant, tags.previous || '-']")
[ "$back" -eq 0 ] || "$scripts/smoke-test.sh" "$stage" "$kind"
