#!/usr/bin/env bash
# Places an order through the public API and waits until it has the end it must have.  smoke-test.sh STAGE whole|harmless
#   whole     is charged, refused by the simulated carrier, refunded and restocked: all five services, forward and back
#   harmless  asks for something that no warehouse has: takes no money and leaves nothing reserved, so it may run in prod
# Reads API_AUDIENCE. Whoever is signed in needs the roles Shop and, for `whole`, Warehouse.
set -euo pipefail
stage=$1 kind=$2
group=rg-orderfunctions-$stage
cli=$(cd "$(dirname "$0")/../../functions/Local" && pwd)

address() {
    local host
    host=$(az functionapp list --resource-group "$group" --query "[?tags.participant=='$1'].defaultHostName" --output tsv)
    [ -n "$host" ] || { echo "$group has no app for $1." >&2; exit 1; }
    case $host in http*) echo "$host" ;; *) echo "https://$host" ;; esac
}

orders=$(address orders)
API_TOKEN=$(az account get-access-token --scope "${API_AUDIENCE:?is not set}/.default" --query accessToken --output tsv)
export API_TOKEN
case $kind in
    whole)
        sku=SMOKE-TEST end='carrier refused'
        # Repeats what a cold or restarting app answers.
        curl --silent --show-error --fail-with-body --retry 6 --retry-all-errors --retry-max-time 120 --max-time 60 --output /dev/null \
            --request PUT --header "Authorization: Bearer $API_TOKEN" --header 'Content-Type: application/json' \
            --data '{"received":1000}' "$(address inventory)/api/stock/$sku"
        ;;
    harmless) sku=SMOKE-TEST-NOWHERE end='out of stock' ;;
    *) echo "whole or harmless, not $kind" >&2; exit 2 ;;
esac

file=$(mktemp)
trap 'rm -f "$file"' EXIT
jq --null-input --compact-output --arg key "smoke-test-$(date +%s)-$$" --arg sku "$sku" '{
    key: $key, customerId: "smoke-test", currency: "EUR",
    lines: [{ sku: $sku, description: "Smoke test", quantity: 1, unitPrice: 0.01 }],
    payment: { cardToken: "tok_visa" },
    shipTo: { name: "Smoke test", line1: "1 Test Street", city: "Testville", postalCode: "REFUSE", country: "GB" } }' > "$file"

# Cold apps may need longer than one call of `place` waits. The order's key makes a repeated call safe: it is the same order.
SECONDS=0
until report=$(dotnet run --project "$cli" -c Release -- place --url "$orders" --orders "$file" 2>&1); do
    echo "$report" >&2
    [ "$SECONDS" -lt "${SMOKE_TEST_SECONDS:-180}" ] ||
        { echo "Order $(jq --raw-output .key "$file") has no end after $SECONDS s." >&2; exit 1; }
    sleep 10
done
echo "$report"
grep -q "rejected.*$end" <<<"$report" || { echo "The order must be rejected because: $end." >&2; exit 1; }
