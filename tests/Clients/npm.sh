# Sourced by the runs that need Node.js: the packages of a folder, as its package-lock.json has them.

readonly oldest_node=20

# npm_packages CLIENT FOLDER
npm_packages() {
  local major
  major=$(node --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p') || true
  if [[ -z $major || $major -lt $oldest_node ]] || ! command -v npm >/dev/null; then
    npm_skip "$1" "Node.js $oldest_node or newer, with npm, is missing"
  fi
  npm ci --prefix "$2" --silent --no-audit --no-fund --ignore-scripts || npm_skip "$1" "npm could not install its packages"
}

npm_skip() {
  echo "clients: $1 skipped, $2"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
}
