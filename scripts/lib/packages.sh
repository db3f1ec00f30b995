# What must be installed. Sourced by servers.sh.
#
#   ensure_packages [postgres] [promtool] [debootstrap]   installs missing Debian packages, or says how, and exits 1; `postgres`: its
#                                server too; `promtool`: the checker of metrics and alert rules
#   ensure_swift                 says how to get Swift, and exits 1, when it is missing
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }

ensure_packages() {
  local missing=() package
  local packages=(rabbitmq-server libcurl4-openssl-dev librabbitmq-dev libpq-dev postgresql-client-15 libsqlite3-dev sqlite3
    libzstd-dev zstd pkg-config curl openssl)
  if [[ " $* " == *' postgres '* ]]; then packages+=(postgresql-15); fi
  if [[ " $* " == *' promtool '* ]]; then packages+=(prometheus); fi
  if [[ " $* " == *' debootstrap '* ]]; then packages+=(debootstrap); fi
  for package in "${packages[@]}"; do
    if ! package_installed "$package"; then missing+=("$package"); fi
  done
  if ((${#missing[@]} == 0)); then return; fi
  local root=()
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null || ! { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
      say "Missing Debian packages. Install them, and start again:"
      say "  sudo apt-get update && sudo apt-get install --yes --no-install-recommends ${missing[*]}"
      exit 1
    fi
    root=(sudo)
  fi
  say "Installing ${missing[*]}"
  install_packages "${missing[@]}"
}

package_installed() {
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# The packages would start a server of the system each, and create a database cluster: not now.
# Uses `root`, the command prefix of its caller. A subshell, for its trap: what it makes is gone also when it is ended.
install_packages() (
  policy=/usr/sbin/policy-rc.d cluster=/etc/postgresql-common/createcluster.d/trunkline.conf
  made=("$cluster")
  trap '"${root[@]}" rm -f "${made[@]}"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  "${root[@]}" mkdir -p "${cluster%/*}"
  echo 'create_main_cluster = false' | "${root[@]}" tee $cluster >/dev/null
  if [[ ! -e $policy ]]; then
    made+=("$policy")
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee $policy >/dev/null
    "${root[@]}" chmod 755 $policy
  fi
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive bash -c \
    'apt-get update && apt-get install --yes --no-install-recommends "$@"' install "$@" >&2 ||
    { say "apt-get failed; see above" && exit 1; }
)

ensure_swift() {
  if command -v swift >/dev/null; then return; fi
  say "Swift 6.2 or later is missing. On Debian 12, get it with swiftly (https://www.swift.org/install/linux/):"
  say "  sudo apt-get install --yes curl gnupg2 libcurl4-openssl-dev libxml2-dev"
  say "  curl -O https://download.swift.org/swiftly/linux/swiftly-\$(uname -m).tar.gz"
  say "  tar zxf swiftly-\$(uname -m).tar.gz && ./swiftly init"
  say "  . ~/.local/share/swiftly/env.sh"
  exit 1
}
