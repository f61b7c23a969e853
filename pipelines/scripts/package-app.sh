#!/usr/bin/env bash
# Publishes one app into a zip.  package-app.sh APP FOLDER   (APP: orders, inventory, payments, shipping, notifications)
set -euo pipefail
app=$1 folder=$(mkdir -p "$2" && cd "$2" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)

dotnet publish "$root/functions/${app^}App" -c Release -o "$folder/$app"
# With the folders whose names begin with a dot: the host reads its metadata from one of them.
rm -f "$folder/$app.zip"
(cd "$folder/$app" && zip -qr "$folder/$app.zip" .)
