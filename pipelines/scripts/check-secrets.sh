#!/usr/bin/env bash
# Fails where an app refers to a secret that nobody has set yet, and says how to set it.  check-secrets.sh STAGE
# With simulated providers there are no secrets.
set -euo pipefail
group=rg-orderfunctions-$1
version=api-version=2024-11-01

missing() {
    local app
    for app in $(az functionapp list --resource-group "$group" --query '[].id' --output tsv); do
        # The platform looks once a day unless it is asked to.
        az rest --method POST --url "$app/config/configreferences/appsettings/refresh?$version" --output none
        az rest --method GET --url "$app/config/configreferences/appsettings?$version" --output tsv \
            --query "value[?properties.status!='Resolved'].join(' --name ', [properties.vaultName, properties.secretName])"
    done
}

for _ in $(seq 6); do
    secrets=$(missing)
    [ -n "$secrets" ] || exit 0
    sleep 10
done
echo "The operator (AZURE_PRINCIPAL_ID) has to set these secrets; then run this again:" >&2
sed 's/^/  az keyvault secret set --value … --vault-name /' <<<"$secrets" >&2
exit 1
