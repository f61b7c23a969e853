#!/usr/bin/env bash
# Writes the lock files of all projects anew, for the packages that this machine's feed offers.  lock-packages.sh
# The projects that use Service Bus's trigger have other packages with AzureSdk=trigger-stand-in: only a feed that has all can write theirs.
set -euo pipefail
cd "$(dirname "$0")/../.."
LockedRestore=true dotnet restore OrderFunctions.sln --force-evaluate -p:RestoreLockedMode=false
