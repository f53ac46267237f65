# Sourced by the runs that need Debian's packages: installs them if missing, and runs steps with them.

readonly python=/usr/bin/python3 # Debian's packages are for this one; another python3 may stand before it on PATH

# debian_packages CLIENT PROGRAM MODULES PACKAGE...: the packages, of which a program and some Python modules (separated by commas) are needed.
debian_packages() {
  local client=$1 program=$2 modules=$3
  shift 3
  ! have "$program" "$modules" || return 0
  command -v apt-get >/dev/null || debian_skip "$client" "there is no apt-get here to install $* with"
  [[ $EUID -eq 0 ]] || debian_skip "$client" "only root can install $*"
  apt-get -q update || debian_skip "$client" "apt-get update failed"
  DEBIAN_FRONTEND=noninteractive apt-get -q install --yes --no-install-recommends "$@" ||
    debian_skip "$client" "apt-get could not install $*"
  have "$program" "$modules" || debian_skip "$client" "what was installed, $*, cannot be used"
}

have() { [[ -x $python ]] && command -v "$1" >/dev/null && "$python" -c "import $2" 2>/dev/null; }

debian_skip() {
  echo "clients: $1 skipped, $2"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
}

# run_steps FOLDER MODULE...: in place of this program, with neither the caller's clouds nor the caller's settings.
run_steps() {
  local folder=$1 name
  shift
  for name in "${!OS_@}"; do unset "$name"; done
  export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$folder PYTHONWARNINGS=ignore
  exec "$python" "$folder/../steps.py" "$@"
}
