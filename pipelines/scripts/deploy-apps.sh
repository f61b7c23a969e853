#!/usr/bin/env bash
# Packages and deploys all five apps from this machine, as whoever is signed in.  deploy-apps.sh STAGE
set -euo pipefail
stage=$1
scripts=$(cd "$(dirname "$0")" && pwd)
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT

for app in orders inventory payments shipping notifications; do
    "$scripts/package-app.sh" "$app" "$packages"
    "$scripts/deploy-app.sh" "$stage" "$app" "$packages/$app.zip"
done
