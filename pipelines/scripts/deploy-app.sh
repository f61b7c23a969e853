#!/usr/bin/env bash
# Puts one package on one app and waits until the platform has found its functions.  deploy-app.sh STAGE APP ZIP BUILD
# UPDATE_STRATEGY: RollingUpdate (lets running turns end; the platform calls it a preview) or Recreate (the default; kills them, and the bus
# delivers again).
set -euo pipefail
stage=$1 app=$2 zip=$3 build=$4
group=rg-orderfunctions-$stage

IFS=$'\t' read -r name id live previous < <(az functionapp list --resource-group "$group" --output tsv \
    --query "[?tags.participant=='$app'].[name, id, tags.build || '-', tags.previous || '-']") || true
[ -n "${name:-}" ] || { echo "$group has no app for $app: deploy the infrastructure first." >&2; exit 1; }

# Recorded before the package is replaced, so that a roll-back also knows of one that failed half-way.
# Going back leaves nothing to go back to.
if [ "$build" = "$previous" ]; then previous=-; elif [ "$build" != "$live" ]; then previous=$live; fi
az tag update --resource-id "$id" --operation Merge --tags "build=$build" "previous=$previous" --output none

# Takes effect with the next update, so the first one after a change of strategy still goes the old way. Bicep's types do not know the
# property yet, and a deployment of the infrastructure may have put it back: hence before each package.
az functionapp update-strategy config set --resource-group "$group" --name "$name" --type "${UPDATE_STRATEGY:-Recreate}" --output none

az functionapp deployment source config-zip --resource-group "$group" --name "$name" --src "$zip" --output none

for _ in $(seq 30); do
    found=$(az functionapp function list --resource-group "$group" --name "$name" --query '[].name' --output tsv)
    if grep -q "/$app-on-message\$" <<<"$found"; then
        echo "$name has the package of $build"
        exit 0
    fi
    sleep 10
done
echo "$name has no function $app-on-message after five minutes." >&2
exit 1
