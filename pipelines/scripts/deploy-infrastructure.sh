#!/usr/bin/env bash
# Deploys all of bicep/, or says what that would change.  deploy-infrastructure.sh STAGE create|what-if
# Reads LOCATION and API_AUDIENCE, and where set ALERT_EMAILS (a JSON array), CARD_PROVIDER_URL, CARRIER_URL, NOTIFIER_URL.
set -euo pipefail
stage=$1 what=$2
bicep=$(cd "$(dirname "$0")/../../bicep" && pwd)

parameters=("apiAudience=${API_AUDIENCE:?is not set}" "location=${LOCATION:?is not set}")
[ -z "${ALERT_EMAILS:-}" ] || parameters+=("alertEmails=$ALERT_EMAILS")
[ -z "${CARD_PROVIDER_URL:-}" ] || parameters+=("cardProviderUrl=$CARD_PROVIDER_URL")
[ -z "${CARRIER_URL:-}" ] || parameters+=("carrierUrl=$CARRIER_URL")
[ -z "${NOTIFIER_URL:-}" ] || parameters+=("notifierUrl=$NOTIFIER_URL")

az deployment sub "$what" --name "orderfunctions-$stage" --location "$LOCATION" \
    --template-file "$bicep/main.bicep" --parameters "@$bicep/$stage.parameters.json" --parameters "${parameters[@]}"
