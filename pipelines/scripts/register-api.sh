#!/usr/bin/env bash
# Registers the API in Entra for an environment and prints its client id, for API_AUDIENCE.  register-api.sh STAGE [PRINCIPAL]
# Grants the roles that a test order needs to PRINCIPAL, the object id of a pipeline's identity, or all roles to whoever is signed in.
# May be called again: what is there stays.
set -euo pipefail
stage=$1 principal=${2:-}
roles=$(cd "$(dirname "$0")/../../bicep" && pwd)/app-roles.json
name=orderfunctions-$stage
graph=https://graph.microsoft.com/v1.0

id=$(az ad app list --display-name "$name" --query "[?displayName=='$name'].appId | [0]" --output tsv)
if [ -z "$id" ]; then
    id=$(az ad app create --display-name "$name" --requested-access-token-version 2 --app-roles "@$roles" \
        --query appId --output tsv)
    object=$(az ad app show --id "$id" --query id --output tsv)
    # Lets a person ask for a token with the Azure CLI, whose own public client id this is. The scope has to be there before it is granted.
    cli=04b07795-8ddb-461a-bbee-02f9e1bf7b46 scope=5f2b0c36-6f0e-4c8a-9a57-3d1f3f0f6a10
    api=$(jq --null-input --arg id "$scope" '{ requestedAccessTokenVersion: 2, oauth2PermissionScopes: [{ id: $id, value: "access",
        type: "User", isEnabled: true, adminConsentDisplayName: "Use the API",
        adminConsentDescription: "Use the API as the signed-in user." }] }')
    az rest --method PATCH --url "$graph/applications/$object" --output none --body "$(jq '{ api: . }' <<<"$api")"
    az rest --method PATCH --url "$graph/applications/$object" --output none --body "$(jq --arg cli "$cli" --arg id "$scope" \
        '{ api: (. + { preAuthorizedApplications: [{ appId: $cli, delegatedPermissionIds: [$id] }] }) }' <<<"$api")"
fi

service=$(az ad sp list --filter "appId eq '$id'" --query '[0].id' --output tsv)
[ -n "$service" ] || service=$(az ad sp create --id "$id" --query id --output tsv)

wanted='["Customer", "Warehouse"]'
if [ -z "$principal" ]; then
    wanted=$(jq '[.[].value]' "$roles")
    if [ "$(az account show --query user.type --output tsv)" = user ]; then principal=$(az ad signed-in-user show --query id --output tsv)
    else principal=$(az ad sp show --id "$(az account show --query user.name --output tsv)" --query id --output tsv); fi
fi
granted=$(az rest --method GET --url "$graph/servicePrincipals/$service/appRoleAssignedTo" \
    --query "value[?principalId=='$principal'].appRoleId" --output tsv)
for role in $(jq --raw-output --argjson wanted "$wanted" '.[] | select(.value | IN($wanted[])) | .id' "$roles"); do
    grep -qx "$role" <<<"$granted" || az rest --method POST --url "$graph/servicePrincipals/$service/appRoleAssignedTo" --output none \
        --body "{ \"principalId\": \"$principal\", \"resourceId\": \"$service\", \"appRoleId\": \"$role\" }"
done
echo "$id"
