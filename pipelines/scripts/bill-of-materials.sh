#!/usr/bin/env bash
# Lists the packages that one app is made of, as CycloneDX JSON.  bill-of-materials.sh APP FOLDER BUILD
# After a restore of the app and of the tools (.config/dotnet-tools.json).
set -euo pipefail
app=$1 folder=$2 build=$3
cd "$(dirname "$0")/../.."

dotnet tool run dotnet-CycloneDX -- "functions/${app^}App/${app^}App.csproj" --output "$folder" --filename "$app.cdx.json" \
    --output-format Json --disable-package-restore --recursive \
    --set-name "orderfunctions-$app" --set-version "$build" --set-type Application
