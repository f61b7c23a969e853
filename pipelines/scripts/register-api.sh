#!/usr/bin/env bash
# Registers the API in Entra for an environment and prints its client id, for API_AUDIENCE.  register-api.sh STAGE [PRINCIPAL]
# Grants the roles that a test order needs to PRINCIPAL, the object id of a pipeline's identity, or all roles to whoever is signed in.
# May be called again: what is there stays, what a later version needs is added.
set -euo pipefail
stage=$1 principal=${2:-}
name=orderfunctions-$stage
graph=https://graph.microsoft.com/v1.0
roles=$(cat "$(dirname "$0")/../../bicep/app-roles.json")
# Where providers are simulated a person may be a shop, to try the system with a token of their own.
[ "$stage" = prod ] || roles=$(jq 'map(if .value == "Shop" then .allowedMemberTypes += ["User"] else . end)' <<<"$roles")

id=$(az ad app list --display-name "$name" --query "[?displayName=='$name'].appId | [0]" --output tsv)
[ -n "$id" ] || id=$(az ad app create --display-name "$name" --requested-access-token-version 2 --query appId --output tsv)
object=$(az ad app show --id "$id" --query id --output tsv)
known=$(az rest --method GET --url "$graph/applications/$object" --query '{ appRoles: appRoles }' --output json)
change() { az rest --method PATCH --url "$graph/applications/$object" --output none --body "$1"; }

# idtyp tells an application's token from a user's; the API accepts none without it.
change "$(jq --argjson roles "$roles" '(.appRoles // []) as $there | {
    appRoles: ($there + ($roles | map(select(.id | IN($there[].id) | not)))),
    optionalClaims: { accessToken: [{ name: "idtyp", essential: false, additionalProperties: ["include_user_token"] }] } }' <<<"$known")"

# Only an administrator may consent to another application: a user cannot be talked into lending their roles to one. No consent is needed by
# the Azure CLI, whose public client this is, and by the operations page, which signs in as the API itself. The scope has to be there before
# it is granted.
cli=04b07795-8ddb-461a-bbee-02f9e1bf7b46
api=$(jq --null-input '{ requestedAccessTokenVersion: 2, oauth2PermissionScopes: [{ id: "5f2b0c36-6f0e-4c8a-9a57-3d1f3f0f6a10",
    value: "access", type: "Admin", isEnabled: true, adminConsentDisplayName: "Use the API",
    adminConsentDescription: "Use the API as the signed-in user." }] }')
change "$(jq '{ api: . }' <<<"$api")"
change "$(jq --arg cli "$cli" --arg page "$id" '[.oauth2PermissionScopes[].id] as $scopes | { api: (. + { preAuthorizedApplications:
    [{ appId: $cli, delegatedPermissionIds: $scopes }, { appId: $page, delegatedPermissionIds: $scopes }] }) }' <<<"$api")"

service=$(az ad sp list --filter "appId eq '$id'" --query '[0].id' --output tsv)
[ -n "$service" ] || service=$(az ad sp create --id "$id" --query id --output tsv)

wanted='["Shop", "Warehouse"]'
if [ -z "$principal" ]; then
    # An application cannot be a customer, and in prod a person cannot be a shop.
    if [ "$(az account show --query user.type --output tsv)" = user ]; then
        principal=$(az ad signed-in-user show --query id --output tsv) kind=User
    else
        principal=$(az ad sp show --id "$(az account show --query user.name --output tsv)" --query id --output tsv) kind=Application
    fi
    wanted=$(jq --arg kind "$kind" '[.[] | select(.allowedMemberTypes | index($kind)) | .value]' <<<"$roles")
fi
granted=$(az rest --method GET --url "$graph/servicePrincipals/$service/appRoleAssignedTo" \
    --query "value[?principalId=='$principal'].appRoleId" --output tsv)
for role in $(jq --raw-output --argjson wanted "$wanted" '.[] | select(.value | IN($wanted[])) | .id' <<<"$roles"); do
    grep -qx "$role" <<<"$granted" || az rest --method POST --url "$graph/servicePrincipals/$service/appRoleAssignedTo" --output none \
        --body "{ \"principalId\": \"$principal\", \"resourceId\": \"$service\", \"appRoleId\": \"$role\" }"
done
echo "$id"
