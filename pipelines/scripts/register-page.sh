#!/usr/bin/env bash
# Lets operators sign in on the page of an environment: registers its address, once the app is there.  register-page.sh STAGE
# Reads API_AUDIENCE; for whoever may change that registration. May be called again.
set -euo pipefail
stage=$1
graph=https://graph.microsoft.com/v1.0

host=$(az functionapp list --resource-group "rg-orderfunctions-$stage" --query "[?tags.participant=='orders'].defaultHostName" --output tsv)
[ -n "$host" ] || { echo "rg-orderfunctions-$stage has no app for orders." >&2; exit 1; }
object=$(az ad app show --id "${API_AUDIENCE:?is not set}" --query id --output tsv)
known=$(az rest --method GET --url "$graph/applications/$object" --query '{ spa: spa }' --output json)
az rest --method PATCH --url "$graph/applications/$object" --output none --body "$(jq --arg page "https://$host/" \
    '{ spa: { redirectUris: ((.spa.redirectUris // []) + [$page] | unique) } }' <<<"$known")"
