# Sourced by ./test: what the tests of the page need and NuGet has not. Where it cannot be had, those tests are skipped and say so.

browser_tools() {
  local tools=$PWD/.tools
  if ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null && [ -z "${CHROMIUM:-}" ]; then
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
      echo "Installing Chromium for the tests of the page …" >&2
      { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 || true
    fi
    command -v chromium >/dev/null || echo "There is no Chromium, and it could not be installed: the tests of the page are skipped." >&2
  fi
  if [ ! -f "$tools/node_modules/axe-core/axe.min.js" ] && command -v npm >/dev/null; then
    mkdir -p "$tools"
    [ -f "$tools/package.json" ] || echo '{ "private": true }' > "$tools/package.json"
    npm install --prefix "$tools" --no-save --no-audit --no-fund --silent axe-core@4.14.1 >/dev/null 2>&1 ||
      echo "axe-core could not be installed: its checks are skipped." >&2
  fi
}
