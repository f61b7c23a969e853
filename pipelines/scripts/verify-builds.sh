#!/usr/bin/env bash
# Waits until each app says by its telemetry that it runs the build.  verify-builds.sh STAGE BUILD APP...
# Every app's timer reports a run at least every 30 s, with the stamp of its assemblies; a metric takes some minutes to arrive.
set -euo pipefail
stage=$1 build=$2
shift 2
group=rg-orderfunctions-$stage

workspace=$(az monitor log-analytics workspace list --resource-group "$group" --query '[0].customerId' --output tsv)
query="AppMetrics | where TimeGenerated > ago(15m) and Name == 'republish.runs'
    | summarize arg_max(TimeGenerated, AppVersion) by AppRoleName | project AppRoleName, AppVersion"
for _ in $(seq 40); do
    running=$(az rest --method POST --resource https://api.loganalytics.io \
        --url "https://api.loganalytics.io/v1/workspaces/$workspace/query" --output tsv \
        --body "$(jq --null-input --arg query "$query" '{ query: $query }')" --query "tables[0].rows[].join(' ', @)")
    waiting=
    for app in "$@"; do grep -q "^func-$app-[^ ]* $build\$" <<<"$running" || waiting+=" $app"; done
    [ -n "$waiting" ] || { echo "$build runs: $*"; exit 0; }
    sleep 15
done
printf 'These apps do not say that they run %s:%s. What runs:\n%s\n' "$build" "$waiting" "$running" >&2
exit 1
