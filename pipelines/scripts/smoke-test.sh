#!/usr/bin/env bash
# Places an order through the public API and waits until it has the end it must have.  smoke-test.sh STAGE whole|harmless
#   whole     is charged, refused by the simulated carrier, refunded and restocked: all five services, forward and back
#   harmless  asks for something that no warehouse has: takes no money and leaves nothing reserved, so it may run in prod
# Reads API_AUDIENCE. Whoever is signed in needs the roles Customer and, for `whole`, Warehouse.
set -euo pipefail
stage=$1 kind=$2
group=rg-orderfunctions-$stage
wait=${SMOKE_TEST_SECONDS:-180}

address() {
    local host
    host=$(az functionapp list --resource-group "$group" --query "[?tags.participant=='$1'].defaultHostName" --output tsv)
    [ -n "$host" ] || { echo "$group has no app for $1." >&2; exit 1; }
    case $host in http*) echo "$host" ;; *) echo "https://$host" ;; esac
}
token=$(az account get-access-token --scope "${API_AUDIENCE:?is not set}/.default" --query accessToken --output tsv)
call() { # METHOD URL [curl's options]
    local method=$1 url=$2
    shift 2
    # Repeats what a cold or restarting app answers.
    curl --silent --show-error --fail-with-body --retry 6 --retry-all-errors --retry-max-time 120 --max-time 60 \
        --request "$method" --header "Authorization: Bearer $token" --header 'Content-Type: application/json' "$@" "$url"
}

orders=$(address orders)
case $kind in
    whole)
        sku=SMOKE-TEST failed_at=shipping
        call PUT "$(address inventory)/api/stock/$sku" --data '{"received":1000}' > /dev/null
        ;;
    harmless) sku=SMOKE-TEST-NOWHERE failed_at=stock ;;
    *) echo "whole or harmless, not $kind" >&2; exit 2 ;;
esac

# A line of an orders file. The key makes repeating the call safe: the same order, not another one.
file=$(mktemp)
trap 'rm -f "$file"' EXIT
jq --null-input --compact-output --arg key "smoke-test-$(date +%s)-$$" --arg sku "$sku" '{
    key: $key, customerId: "smoke-test", currency: "EUR",
    lines: [{ sku: $sku, description: "Smoke test", quantity: 1, unitPrice: 0.01 }],
    payment: { cardToken: "tok_visa" },
    shipTo: { name: "Smoke test", line1: "1 Test Street", city: "Testville", postalCode: "REFUSE", country: "GB" } }' > "$file"
order=$(call POST "$orders/api/orders" --header "Idempotency-Key: $(jq --raw-output .key "$file")" --data @- < "$file" | jq --raw-output .id)
echo "Order $order, must be rejected at $failed_at"

seen=
for ((second = 0; second < wait; second += 2)); do
    seen=$(call GET "$orders/api/orders/$order" | jq --raw-output '"\(.status) \(.failedAt // "")" | ascii_downcase')
    case $seen in
        "rejected $failed_at") echo "Rejected at $failed_at after about $second s"; exit 0 ;;
        rejected* | completed* | cancelled*) break ;;
    esac
    sleep 2
done
echo "It is '$seen', not rejected at $failed_at. Its timeline: $orders/api/orders/$order/timeline" >&2
exit 1
