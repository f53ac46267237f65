# Sourced by the runs that need Node.js: the packages of a folder, as its package-lock.json has them.

readonly oldest_node=20
readonly unreachable='ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT'

# npm_packages CLIENT FOLDER
npm_packages() {
  local major said
  major=$(node --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p') || true
  if [[ -z $major || $major -lt $oldest_node ]] || ! command -v npm >/dev/null; then
    npm_skip "$1" "Node.js $oldest_node or newer, with npm, is missing"
  fi
  if ! said=$(npm ci --prefix "$2" --loglevel error --no-audit --no-fund --ignore-scripts 2>&1); then
    printf '%s\n' "$said"
    ! grep -qE "^npm (error|ERR!) code ($unreachable)$" <<<"$said" || npm_skip "$1" "npm could not reach a registry"
    echo "FAILED: npm could not install the packages of $1"
    return 1
  fi
}

npm_skip() {
  echo "clients: $1 skipped, $2"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
}
