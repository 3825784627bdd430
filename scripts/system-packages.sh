# Sourced by scripts that may have to install a system package: who may, how, and what to say otherwise.
# shellcheck shell=bash

as_root() {
  if ((EUID == 0)); then "$@"; else sudo -n -- "$@"; fi
}

may_install() {
  command -v apt-get >/dev/null || return 1
  ((EUID == 0)) || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

quietly() {
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

# install_packages PACKAGE...: waits for another apt run to end rather than failing on its lock.
install_packages() {
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  echo "Installing $* with apt-get (once; takes about a minute)" >&2
  quietly as_root "${apt[@]}" update
  quietly as_root "${apt[@]}" install -y --no-install-recommends "$@"
}

# explain WHAT PACKAGE: says how a person installs it where this script may not.
explain() {
  {
    echo "$1, and it cannot be installed from here (that needs apt-get, and root or sudo without a password)."
    echo "  Debian, Ubuntu:  sudo apt-get update && sudo apt-get install --no-install-recommends $2"
    [[ $2 == rabbitmq-server ]] && cat <<'TEXT'
                   and, if its own service is not wanted: sudo systemctl disable --now rabbitmq-server
  Fedora:          sudo dnf install rabbitmq-server
  macOS:           brew install rabbitmq
Or start a Docker engine: `make up` then needs nothing else.
TEXT
    echo "Then run the same command again."
  } >&2
}
