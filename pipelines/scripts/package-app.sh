#!/usr/bin/env bash
# Publishes one app into a zip.  package-app.sh APP FOLDER BUILD
# BUILD is stamped on the assemblies; the app's telemetry says it, so that one can see what runs.
set -euo pipefail
app=$1 folder=$(mkdir -p "$2" && cd "$2" && pwd) build=$3
root=$(cd "$(dirname "$0")/../.." && pwd)

dotnet publish "$root/functions/${app^}App" -c Release -o "$folder/$app" \
    -p:InformationalVersion="$build" -p:IncludeSourceRevisionInInformationalVersion=false
# With the folders whose names begin with a dot: the host reads its metadata from one of them.
rm -f "$folder/$app.zip"
(cd "$folder/$app" && zip -qr "$folder/$app.zip" .)
