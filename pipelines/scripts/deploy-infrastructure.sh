#!/usr/bin/env bash
# Deploys all of bicep/, or says what that would change.  deploy-infrastructure.sh STAGE create|what-if
# Reads LOCATION and, through the stage's parameters, the variables that pipelines/README.md lists.
set -euo pipefail
stage=$1 what=$2
bicep=$(cd "$(dirname "$0")/../../bicep" && pwd)
: "${API_AUDIENCE:?is not set}"

# A deployment replaces an app's tags, so what each app runs is handed over to be kept. Empty before there are apps.
DEPLOYED=$(az functionapp list --query "[?tags.system=='orderfunctions' && tags.stage=='$stage' && tags.build]
    .{ participant: tags.participant, build: tags.build, previous: tags.previous }" --output json)
export DEPLOYED

# The delegated subnet of a private network needs this provider, which no resource in the templates registers.
[ "$what" = what-if ] || az provider register --namespace Microsoft.App --wait --output none

# Asking needs no right to change what it asks about.
rights=()
[ "$what" = create ] || rights=(--validation-level ProviderNoRbac)
az deployment sub "$what" "${rights[@]}" --name "orderfunctions-$stage" --location "${LOCATION:?is not set}" --parameters "$bicep/$stage.bicepparam"
