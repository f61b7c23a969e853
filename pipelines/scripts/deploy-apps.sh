#!/usr/bin/env bash
# Packages and deploys all apps from this machine, as whoever is signed in.  deploy-apps.sh STAGE
set -euo pipefail
stage=$1
scripts=$(cd "$(dirname "$0")" && pwd)
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT
build=local.$(git -C "$scripts" rev-parse HEAD)
mapfile -t apps < <(jq --raw-output '.subscriptions[].name' "$scripts/../../functions/Runtime/topology.json")

"$scripts/check-secrets.sh" "$stage"
"$scripts/register-page.sh" "$stage"
for app in "${apps[@]}"; do
    "$scripts/package-app.sh" "$app" "$packages" "$build"
    "$scripts/deploy-app.sh" "$stage" "$app" "$packages/$app.zip" "$build"
done
"$scripts/verify-builds.sh" "$stage" "$build" "${apps[@]}"
