#!/usr/bin/env bash
# Makes the subscriptions and filters what topology.json says.  deploy-filters.sh STAGE
# Before any app, so that a new event has its filter before somebody publishes it.
set -euo pipefail
group=rg-orderfunctions-$1
bicep=$(cd "$(dirname "$0")/../../bicep" && pwd)

namespace=$(az servicebus namespace list --resource-group "$group" --query '[0].name' --output tsv)
[ -n "$namespace" ] || { echo "$group has no Service Bus: deploy the infrastructure first." >&2; exit 1; }
az deployment group create --name filters --resource-group "$group" --output none \
    --template-file "$bicep/modules/subscriptions.bicep" --parameters "namespaceName=$namespace"
