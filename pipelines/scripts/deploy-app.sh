#!/usr/bin/env bash
# Puts one package on one app and waits until the platform has found its functions.  deploy-app.sh STAGE APP ZIP
# UPDATE_STRATEGY: RollingUpdate (lets running turns end; the platform calls it a preview) or Recreate (the default; kills them, and the bus
# delivers again).
set -euo pipefail
stage=$1 app=$2 zip=$3
group=rg-orderfunctions-$stage

name=$(az functionapp list --resource-group "$group" --query "[?tags.participant=='$app'].name" --output tsv)
[ -n "$name" ] || { echo "$group has no app for $app: deploy the infrastructure first." >&2; exit 1; }

# Takes effect with the next update, so the first one after a change of strategy still goes the old way. Bicep's types do not know the property yet,
# and a deployment of the infrastructure may have put it back: hence before each package.
az functionapp update-strategy config set --resource-group "$group" --name "$name" --type "${UPDATE_STRATEGY:-Recreate}" --output none

az functionapp deployment source config-zip --resource-group "$group" --name "$name" --src "$zip" --output none

for _ in $(seq 30); do
    if az functionapp function list --resource-group "$group" --name "$name" --query '[].name' --output tsv | grep -q "/$app-on-message\$"; then
        echo "$name runs $(basename "$zip")"
        exit 0
    fi
    sleep 10
done
echo "$name has no function $app-on-message after five minutes." >&2
exit 1
