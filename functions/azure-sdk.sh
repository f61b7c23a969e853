# Sourced by ./run and ./test: finds out once whether this machine's NuGet feed has Azure's packages, and remembers the answer
# in .azure-sdk, which Directory.Build.props reads. Delete that file to have the feed asked again.

# azure_sdk PROJECT  restores PROJECT, which uses all of Azure's packages that there are. Fails, saying why, if the feed cannot be asked.
azure_sdk() {
  local root answer
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
  [ -z "${AzureSdk:-}" ] && [ ! -s "$root/.azure-sdk" ] || return 0

  if answer=$(AzureSdk=packages dotnet restore "$1" --nologo 2>&1); then
    echo packages >"$root/.azure-sdk"
  # A feed that does not answer (NU1301 and its like) may have them: only a plain "no such package", "no such version" counts.
  elif grep -Eq 'error NU110[12]: .*(Azure\.Messaging\.ServiceBus|Microsoft\.Azure\.Functions\.Worker)' <<<"$answer" &&
    ! grep -q 'error NU130' <<<"$answer"; then
    echo stand-ins >"$root/.azure-sdk"
    echo "This NuGet feed lacks Azure's packages: building the Azure apps with stand-ins (remembered in .azure-sdk)."
  else
    printf '%s\n' "$answer" >&2
    return 1
  fi
}
